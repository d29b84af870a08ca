"""The screens about seats: plans and their licenses."""
