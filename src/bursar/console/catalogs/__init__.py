"""Screens about catalogs: what is offered, and what changed."""
