"""Screens of the whole installation, which only operators reach."""
