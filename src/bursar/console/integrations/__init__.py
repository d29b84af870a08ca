"""Screens about what an enterprise has connected."""
