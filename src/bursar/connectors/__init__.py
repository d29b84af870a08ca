"""Adapters for other systems, each behind a small interface that the domain which needs it
declares."""
