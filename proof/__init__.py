"""Runs a small model of a production installation under load and faults, and proves that nothing is
lost."""
