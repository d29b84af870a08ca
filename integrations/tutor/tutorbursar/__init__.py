"""Bursar beside an Open edX that Tutor runs."""
