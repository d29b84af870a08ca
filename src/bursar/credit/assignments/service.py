"""The front door of assignments: allocate, remind, cancel, expire, scrub, link and list them.

Changes expect the caller's transaction, except for the two tasks, which open their own.
"""

from bursar.credit.assignments.allocation import allocate
from bursar.credit.assignments.cancellation import cancel, cancel_allocations
from bursar.credit.assignments.claimed import ClaimedAssignment, find_claimed
from bursar.credit.assignments.expiry import expire_assignments
from bursar.credit.assignments.linking import link_learners
from bursar.credit.assignments.of_learner import assignments_of_learner
from bursar.credit.assignments.previewing import (
    counts_by_kind,
    listed_configurations,
    preview_named,
    preview_selected,
)
from bursar.credit.assignments.queries import (
    all_assignments,
    has_assignments,
    list_assignments,
)
from bursar.credit.assignments.reminders import remind
from bursar.credit.assignments.scrubbing import scrub_pii
from bursar.credit.assignments.selected import cancel_selected, remind_selected

__all__ = [
    "ClaimedAssignment",
    "all_assignments",
    "allocate",
    "assignments_of_learner",
    "cancel",
    "cancel_allocations",
    "cancel_selected",
    "counts_by_kind",
    "expire_assignments",
    "find_claimed",
    "has_assignments",
    "link_learners",
    "list_assignments",
    "listed_configurations",
    "preview_named",
    "preview_selected",
    "remind",
    "remind_selected",
    "scrub_pii",
]
