"""Enterprises that move between installations: what is dumped, and how it is taken over."""
