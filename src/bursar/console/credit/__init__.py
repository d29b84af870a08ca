"""The screens about money: budgets, allocation, assignments."""
