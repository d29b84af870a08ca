"""The old name of `bursar.delivery`, until nobody uses it."""
