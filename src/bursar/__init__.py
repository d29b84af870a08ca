"""Bursar: an open, self-hostable implementation of the edX Enterprise API."""

__version__ = "0.2.0"
