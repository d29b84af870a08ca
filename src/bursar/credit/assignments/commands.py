"""What callers ask of assignments, and what they get."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from bursar.credit.assignments.views import AssignmentItem, AssignmentListItem
from bursar.credit.states import AssignmentState, LearnerState
from bursar.pages import Page


@dataclass(frozen=True, slots=True)
class AllocateCourse:
    """Reserves the price of a course for each learner who is new to it."""

    enterprise_uuid: UUID
    policy_uuid: UUID
    content_key: str
    price_cents: int
    """For one learner."""
    learner_emails: tuple[str, ...]
    """Normalised addresses, without duplicates."""
    catalog_uuid: UUID | None = None
    """The catalog of the policy, if the caller knows it. The content is then looked up before the
    budget is locked; if the catalog is wrong, it is looked up again under the lock."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """Who has the course now, in the order of the command."""

    updated: list[AssignmentItem]
    """Allocated again, after they were cancelled, errored, expired or reversed."""
    created: list[AssignmentItem]
    no_change: list[AssignmentItem]
    """Allocated or accepted before: they cost nothing and keep their price."""


@dataclass(frozen=True, slots=True)
class AssignmentFilters:
    """An assignment must match all filters. None matches everything, an empty set nothing."""

    content_keys: frozenset[str] | None = None
    learner_emails: frozenset[str] | None = None
    learner_states: frozenset[LearnerState] | None = None
    lms_user_ids: frozenset[int] | None = None
    states: frozenset[AssignmentState] | None = None
    search: str | None = None
    """Part of the title or of the e-mail."""

    @property
    def only_states(self) -> bool:
        """Whether the counts of the configuration are enough to know how many assignments match."""
        others = (self.content_keys, self.learner_emails, self.lms_user_ids, self.search)
        return all(other is None for other in others)

    def admits(self, state: AssignmentState, learner_state: LearnerState | None) -> bool:
        """Whether an assignment in these states can match."""
        return (self.states is None or state in self.states) and (
            self.learner_states is None or learner_state in self.learner_states
        )


Ordering: TypeAlias = tuple[tuple[str, bool], ...]
"""Names of ORDERED_BY, each with whether it is descending. Ties are ordered by uuid, ascending."""
ORDERED_BY: Final[Mapping[str, str]] = {
    "recent_action_time": "recent_action_at",
    "learner_state_sort_order": "learner_state_sort_order",
    "content_quantity": "content_quantity",
}
"""What a list can be ordered by, as the API names it, and the column of each."""
DEFAULT_ORDERING: Final[Ordering] = (("recent_action_time", True),)

StateCounts: TypeAlias = Counter[LearnerState | None]
"""How many assignments show which learner_state; the sum is how many there are."""


@dataclass(frozen=True, slots=True)
class AssignmentPage:
    page: Page
    items: Sequence[AssignmentListItem]
    counts: StateCounts
    """Of the whole list."""


@dataclass(frozen=True, slots=True)
class LearnerSelection:
    """The assignments of one learner over all budgets of an enterprise: of the e-mail, of the
    account, or of both. At least one of the two is given."""

    enterprise_uuid: UUID
    learner_email: str | None = None
    """Normalised."""
    lms_user_id: int | None = None
    is_either_enough: bool = False
    """Where both are given: as for a redemption, one of them names the learner."""


@dataclass(frozen=True, slots=True)
class RemindAssignments:
    enterprise_uuid: UUID
    configuration_uuid: UUID
    assignment_uuids: tuple[UUID, ...]
    """Without repetitions."""


@dataclass(frozen=True, slots=True)
class RemindSelected:
    """Reminds the allocated assignments among those that the filters select."""

    enterprise_uuid: UUID
    configuration_uuid: UUID
    filters: AssignmentFilters
    expected: int | None = None
    """How many somebody has seen and agreed to; with another number nothing is done."""


@dataclass(frozen=True, slots=True)
class CancelAssignments:
    enterprise_uuid: UUID
    configuration_uuid: UUID
    assignment_uuids: tuple[UUID, ...]
    """Without repetitions."""


@dataclass(frozen=True, slots=True)
class CancelSelected:
    """Cancels the allocated and errored assignments among those that the filters select."""

    enterprise_uuid: UUID
    configuration_uuid: UUID
    filters: AssignmentFilters
    expected: int | None = None
    """As of RemindSelected."""


@dataclass(frozen=True, slots=True)
class CancelAllocations:
    """Cancels every assignment that is allocated and not being redeemed."""

    enterprise_uuid: UUID
    policy_uuid: UUID


@dataclass(frozen=True, slots=True)
class CancelledAllocations:
    count: int
    cents: int
    """What the budget has to spend again."""


@dataclass(frozen=True, slots=True)
class LinkLearners:
    enterprise_uuid: UUID
    accounts: Mapping[str, int]
    """The lms_user_id of each learner, by normalised e-mail."""
