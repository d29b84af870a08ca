"""Groups of learners, and which budgets are for groups only."""
