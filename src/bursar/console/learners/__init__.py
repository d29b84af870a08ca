"""Screens about learners: one person, and everything that is known of them."""
