"""What is kept how long: it asks every domain to forget what is old. See `BURSAR_*_DAYS`."""
