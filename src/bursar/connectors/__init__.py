"""The outside world, each system behind a small interface that the domain in need declares."""
