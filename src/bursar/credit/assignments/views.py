"""Assignments as the API spells them, in the key order of its reference."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from bursar.credit.assignments.rows import StoredAction, StoredAssignment
from bursar.credit.assignments.rules import error_reason
from bursar.credit.states import AssignmentState, LearnerState


class ActionItem(msgspec.Struct, frozen=True):
    created: datetime
    modified: datetime
    uuid: UUID
    action_type: str
    completed_at: datetime | None
    error_reason: str | None


class EarliestExpiration(msgspec.Struct, frozen=True):
    date: datetime
    reason: str


class AssignmentItem(msgspec.Struct, frozen=True):
    """As allocation answers it."""

    uuid: UUID
    assignment_configuration: UUID
    learner_email: str
    lms_user_id: int | None
    content_key: str
    content_title: str
    content_quantity: int
    state: AssignmentState
    transaction_uuid: UUID | None
    actions: list[ActionItem]
    earliest_possible_expiration: EarliestExpiration


class RecentAction(msgspec.Struct, frozen=True):
    action_type: str
    timestamp: datetime


class AssignmentListItem(AssignmentItem, frozen=True):
    """As the list of a configuration's assignments has it."""

    recent_action: RecentAction
    learner_state: LearnerState | None
    error_reason: str | None


def assignment_item(row: StoredAssignment, actions: Sequence[StoredAction]) -> AssignmentItem:
    """The view of a row with the columns of `Assignment` and its actions, oldest first."""
    # Positional arguments are faster, and this runs for every row of every page.
    return AssignmentItem(
        row.uuid,
        row.configuration_uuid,
        row.learner_email,
        row.lms_user_id,
        row.content_key,
        row.content_title,
        row.content_quantity,
        AssignmentState(row.state),
        row.transaction_uuid,
        [action_item(action) for action in actions],
        EarliestExpiration(row.expires_at, row.expiry_reason),
    )


def allocation_item(item: AssignmentListItem) -> AssignmentItem:
    """The view that allocation returns."""
    return AssignmentItem(
        item.uuid,
        item.assignment_configuration,
        item.learner_email,
        item.lms_user_id,
        item.content_key,
        item.content_title,
        item.content_quantity,
        item.state,
        item.transaction_uuid,
        item.actions,
        item.earliest_possible_expiration,
    )


def assignment_list_item(
    row: StoredAssignment, actions: Sequence[StoredAction]
) -> AssignmentListItem:
    state = AssignmentState(row.state)
    return AssignmentListItem(
        row.uuid,
        row.configuration_uuid,
        row.learner_email,
        row.lms_user_id,
        row.content_key,
        row.content_title,
        row.content_quantity,
        state,
        row.transaction_uuid,
        [action_item(action) for action in actions],
        EarliestExpiration(row.expires_at, row.expiry_reason),
        RecentAction(row.recent_action_type, row.recent_action_at),
        None if row.learner_state is None else LearnerState(row.learner_state),
        error_reason(state, row.allocated_at, actions),
    )


def action_item(action: StoredAction) -> ActionItem:
    return ActionItem(
        action.created_at,
        action.modified_at,
        action.uuid,
        action.action_type,
        action.completed_at,
        action.error_reason,
    )
