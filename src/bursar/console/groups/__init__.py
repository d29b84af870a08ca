"""Screens about groups of learners."""
