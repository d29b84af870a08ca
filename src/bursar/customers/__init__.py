"""Whole enterprises: their end."""
