"""Assignments that are adopted, with what was done about them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bursar.credit.adopted.commands import (
    AdoptedAction,
    AdoptedAssignment,
    CreditAdoptionRefused,
)
from bursar.credit.assignments.rules import (
    SORT_ORDER,
    ActionRecord,
    earliest_expiration,
    learner_state,
)
from bursar.credit.models import Assignment, AssignmentAction
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.doors import Door, opened
from bursar.database.types import AnyRow
from bursar.declarations import AdoptionOutcome

BATCH: Final = 5_000
_columns: Final = Assignment.__table__.c
_actions: Final = AssignmentAction.__table__.c
_KEPT: Final = frozenset({"uuid", "enterprise_uuid", "configuration_uuid", "created_at"})
_DERIVED: Final = frozenset({"expires_at", "expiry_reason"})
"""What is worked out anew from content, and is no difference."""
_CHANGED: Final = tuple(column.name for column in _columns if column.name not in _KEPT)
_COMPARED: Final = tuple(name for name in _CHANGED if name not in _DERIVED)
_UPDATE: Final = (
    update(Assignment)
    .where(_columns.uuid == bindparam("of_uuid"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGED})
)


class AssignmentAdoption:
    """Puts the assignments of one configuration, whose policy the caller has locked."""

    def __init__(
        self,
        session: Session,
        enterprise_uuid: UUID,
        configuration_uuid: UUID,
        subsidy_expiration: datetime,
    ) -> None:
        self._session = session
        self._enterprise_uuid = enterprise_uuid
        self._configuration_uuid = configuration_uuid
        self._subsidy_expiration = subsidy_expiration

    def put(self, assignments: Sequence[AdoptedAssignment]) -> Counter[AdoptionOutcome]:
        """At most BATCH. Raises CreditAdoptionRefused."""
        stored = self._stored(assignments)
        rows = {each.uuid: self._row(each) for each in assignments}
        known = self._known_actions(list(stored))
        outcomes = {
            each.uuid: _outcome(each, rows[each.uuid], stored.get(each.uuid), known)
            for each in assignments
        }
        new = [rows[uuid] for uuid, outcome in outcomes.items() if outcome == "created"]
        changed = [rows[uuid] for uuid, outcome in outcomes.items() if outcome == "changed"]
        with opened(self._session, Door.ADOPTION):
            bulk_insert(self._session, Assignment, new)
            if changed:
                self._session.connection().execute(_UPDATE, [_news(row) for row in changed])
        written = [each for each in assignments if outcomes[each.uuid] in ("created", "changed")]
        self._add_actions(written, known)
        return Counter(outcomes.values())

    def _row(self, each: AdoptedAssignment) -> dict[str, Any]:
        deadline = earliest_expiration(each.allocated_at, self._subsidy_expiration, None)
        shown = learner_state(each.state, each.allocated_at, map(_record, each.actions))
        reminded = _last_reminder(each)
        return {
            "uuid": each.uuid,
            "enterprise_uuid": self._enterprise_uuid,
            "configuration_uuid": self._configuration_uuid,
            "learner_email": each.learner_email,
            "lms_user_id": each.lms_user_id,
            "content_key": each.content_key,
            "content_title": each.content_title,
            "content_quantity": each.content_quantity,
            "state": each.state.value,
            "transaction_uuid": each.transaction_uuid,
            "allocated_at": each.allocated_at,
            "expires_at": deadline.at,
            "expiry_reason": deadline.reason,
            "recent_action_type": "assigned" if reminded is None else "reminded",
            "recent_action_at": reminded or each.allocated_at,
            "learner_state": None if shown is None else shown.value,
            "learner_state_sort_order": SORT_ORDER[shown],
            "scrubbed_at": each.scrubbed_at,
            "created_at": each.created_at,
            "modified_at": each.modified_at,
        }

    def _stored(self, assignments: Sequence[AdoptedAssignment]) -> dict[UUID, AnyRow]:
        statement = select(*_columns).where(
            is_any_of(self._session, Assignment.uuid, [each.uuid for each in assignments])
        )
        rows = self._session.connection().execute(statement).all()
        for row in rows:
            if row.configuration_uuid != self._configuration_uuid:
                text = f"assignment {row.uuid} is one of {row.configuration_uuid} here"
                raise CreditAdoptionRefused(text)
        return {row.uuid: row for row in rows}

    def _known_actions(self, assignments: Sequence[UUID]) -> set[UUID]:
        statement = select(_actions.uuid).where(
            is_any_of(self._session, AssignmentAction.assignment_uuid, assignments)
        )
        return set(self._session.connection().execute(statement).scalars())

    def _add_actions(self, assignments: Sequence[AdoptedAssignment], known: set[UUID]) -> None:
        rows = [
            {
                "uuid": action.uuid,
                "enterprise_uuid": self._enterprise_uuid,
                "assignment_uuid": each.uuid,
                "action_type": action.action_type,
                "mail_uuid": None,
                "completed_at": action.completed_at,
                "error_reason": action.error_reason,
                "created_at": action.created_at,
                "modified_at": action.modified_at,
            }
            for each in assignments
            for action in each.actions
            if action.uuid not in known
        ]
        bulk_insert(self._session, AssignmentAction, rows)


def _record(action: AdoptedAction) -> ActionRecord:
    return ActionRecord(
        action.action_type, action.created_at, action.completed_at, action.error_reason
    )


def _last_reminder(each: AdoptedAssignment) -> datetime | None:
    """When the learner was reminded last, since the last allocation."""
    return max(
        (
            action.completed_at
            for action in each.actions
            if action.action_type == "reminded"
            and action.completed_at is not None
            and action.error_reason is None
            and action.completed_at > each.allocated_at
        ),
        default=None,
    )


def _news(row: dict[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": row[name] for name in _CHANGED} | {"of_uuid": row["uuid"]}


def _outcome(
    each: AdoptedAssignment, row: dict[str, Any], stored: AnyRow | None, known: set[UUID]
) -> AdoptionOutcome:
    if stored is None:
        return "created"
    if stored.modified_at > row["modified_at"]:
        return "kept"
    is_same = all(getattr(stored, name) == row[name] for name in _COMPARED)
    has_new = any(action.uuid not in known for action in each.actions)
    return "changed" if has_new or not is_same else "unchanged"
