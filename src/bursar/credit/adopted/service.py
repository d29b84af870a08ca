"""The front door of learner credit that is adopted from other services.

Every function expects the caller's transaction, in which `policies.lock_enterprise` was called.
Subsidies come first, then policies, redemptions, assignments, and at last `add_up`.
"""

from bursar.credit.adopted.assignments import AssignmentAdoption
from bursar.credit.adopted.budgets import put_entries, put_policy, put_subsidy
from bursar.credit.adopted.commands import (
    AdoptedAction,
    AdoptedAssignment,
    AdoptedEntry,
    AdoptedPolicy,
    AdoptedSubsidy,
    AdoptedTransaction,
    CreditAdoptionRefused,
)
from bursar.credit.adopted.redemptions import (
    PaidTransaction,
    find_transactions,
    put_transactions,
)
from bursar.credit.adopted.seats import SeatlessTransaction, find_seatless
from bursar.credit.adopted.totals import add_up, assignment_counts, balances, spent, tell
from bursar.credit.assignments.deadlines import refresh_deadlines
from bursar.credit.policies.ownership import owners_of_subsidies

__all__ = [
    "AdoptedAction",
    "AdoptedAssignment",
    "AdoptedEntry",
    "AdoptedPolicy",
    "AdoptedSubsidy",
    "AdoptedTransaction",
    "AssignmentAdoption",
    "CreditAdoptionRefused",
    "PaidTransaction",
    "SeatlessTransaction",
    "add_up",
    "assignment_counts",
    "balances",
    "find_seatless",
    "find_transactions",
    "owners_of_subsidies",
    "put_entries",
    "put_policy",
    "put_subsidy",
    "put_transactions",
    "refresh_deadlines",
    "spent",
    "tell",
]
