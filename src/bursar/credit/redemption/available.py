"""The budgets that a learner could spend from now: read under no lock, and nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.credit.assignments.commands import LearnerSelection
from bursar.credit.assignments.service import assignments_of_learner
from bursar.credit.assignments.views import AssignmentListItem
from bursar.credit.ledger.service import LockedBudget, read_budgets
from bursar.credit.policy_types import ASSIGNED
from bursar.credit.redemption.asking import (
    find_asked_person,
    policies_closed_to,
    standing_transactions,
)
from bursar.credit.redemption.commands import AskingForCredit
from bursar.credit.redemption.records import TransactionRecord
from bursar.credit.states import AssignmentState
from bursar.learners.service import LearnerRecord
from bursar.pages import PageRequest

MOST_ASSIGNMENTS: Final = 1_000
"""Of one learner, the latest first: nobody has as many that are open."""


@dataclass(frozen=True, slots=True)
class AvailableCredit:
    """A budget that a learner could spend from."""

    policy_uuid: UUID
    remaining_cents: int
    """What the budget may spend, for whomever."""
    remaining_of_learner: int | None
    """Cents, or enrollments for a budget that limits those; None without a limit of a learner."""
    assignments: Sequence[AssignmentListItem]
    """Of this budget, those that the learner can redeem."""


def credits_available(
    connection: Connection, asking: AskingForCredit, *, at: datetime
) -> list[AvailableCredit]:
    """The newest budget first. A constant number of statements."""
    with Session(connection) as session:
        person = find_asked_person(session, asking, at)
    if person is None or person.learner.deactivated_at is not None:
        return []
    budgets = [
        budget
        for budget in read_budgets(connection, asking.enterprise_uuid)
        if budget.is_in_use and budget.is_subsidy_active(at)
    ]
    closed = policies_closed_to(connection, person, budgets)
    budgets = [budget for budget in budgets if budget.policy_uuid not in closed]
    earlier = standing_transactions(connection, person, budgets)
    open_ones = _open_assignments(connection, person.learner, at)
    found = (_credit(budget, earlier, open_ones) for budget in budgets)
    return [each for each in found if each is not None]


def _open_assignments(
    connection: Connection, learner: LearnerRecord, at: datetime
) -> list[AssignmentListItem]:
    wanted = PageRequest(MOST_ASSIGNMENTS)
    selection = LearnerSelection(
        learner.enterprise_uuid, learner.email, learner.lms_user_id, is_either_enough=True
    )
    _, assignments = assignments_of_learner(connection, selection, wanted)
    return [
        each
        for each in assignments
        if each.state is AssignmentState.ALLOCATED
        and each.transaction_uuid is None
        and each.earliest_possible_expiration.date > at
    ]


def _credit(
    budget: LockedBudget,
    earlier: Sequence[TransactionRecord],
    open_ones: Sequence[AssignmentListItem],
) -> AvailableCredit | None:
    """None for a budget from which the learner can spend nothing now."""
    available = budget.money.available
    if budget.policy_type == ASSIGNED:
        mine = [
            each for each in open_ones if each.assignment_configuration == budget.configuration_uuid
        ]
        return AvailableCredit(budget.policy_uuid, available, None, mine) if mine else None
    of_learner = _remaining_of_learner(budget, earlier)
    if available <= 0 or (of_learner is not None and of_learner <= 0):
        return None
    return AvailableCredit(budget.policy_uuid, available, of_learner, [])


def _remaining_of_learner(budget: LockedBudget, earlier: Sequence[TransactionRecord]) -> int | None:
    """Of the spend limit, if there is one and no other limit is used up."""
    mine = [each for each in earlier if each.policy_uuid == budget.policy_uuid]
    most = budget.per_learner_enrollment_limit
    enrollments = None if most is None else max(0, most - len(mine))
    if budget.per_learner_spend_limit is None or enrollments == 0:
        return enrollments
    spent = sum(each.price_cents for each in mine)
    return max(0, budget.per_learner_spend_limit - spent)
