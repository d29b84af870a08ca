"""Screens about learning: whether it helps."""
