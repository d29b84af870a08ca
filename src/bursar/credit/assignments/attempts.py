"""What attempts to deliver mails leave behind: actions of assignments, and their learner_state."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import func, literal, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor, ActorKind
from bursar.credit.assignments.events import (
    AssignmentEvent,
    AssignmentNotificationFailed,
    AssignmentNotified,
)
from bursar.credit.assignments.kinds import ALLOCATED, CANCELLED, EXPIRED, REMINDED
from bursar.credit.assignments.records import actions_of, changes_between, updated
from bursar.credit.assignments.rules import SORT_ORDER, learner_state
from bursar.credit.assignments.views import assignment_list_item
from bursar.credit.ledger.service import BudgetDelta, lock_policies, post_counts
from bursar.credit.models import Assignment, AssignmentAction, AssignmentConfiguration
from bursar.credit.states import AssignmentState, LearnerState
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.types import AnyRow, Instant
from bursar.delivery.service import Attempt, AttemptOutcome
from bursar.events.service import publish

ACTOR: Final = Actor("task:deliver-notifications", kind=ActorKind.TASK)
_ACTION_OF: Final = {
    ALLOCATED: "notified",
    REMINDED: "reminded",
    CANCELLED: "cancelled",
    EXPIRED: "expired",
}
_EVENT_OF: Final[Mapping[LearnerState, type[AssignmentEvent]]] = {
    LearnerState.WAITING: AssignmentNotified,
    LearnerState.FAILED: AssignmentNotificationFailed,
}


def record_attempts(session: Session, attempts: Sequence[Attempt], now: datetime) -> None:
    """Records one action for each mail, however many attempts it has, and updates learner_state."""
    policies = _policies_of(session, [attempt.delivery.subject_uuid for attempt in attempts])
    lock_policies(session, set(policies.values()))
    by_policy: defaultdict[UUID, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_policy[policies[attempt.delivery.subject_uuid]].append(attempt)
    news = [
        event
        for policy_uuid, of_policy in by_policy.items()
        for event in _record_of_policy(session, policy_uuid, of_policy, now)
    ]
    publish(session, ACTOR, news, at=now)


def _policies_of(session: Session, uuids: Sequence[UUID]) -> dict[UUID, UUID]:
    statement = (
        select(Assignment.uuid, AssignmentConfiguration.policy_uuid)
        .join(
            AssignmentConfiguration,
            AssignmentConfiguration.uuid == Assignment.configuration_uuid,
        )
        .where(is_any_of(session, Assignment.uuid, uuids))
    )
    return {row.uuid: row.policy_uuid for row in session.execute(statement)}


def _record_of_policy(
    session: Session, policy_uuid: UUID, attempts: Sequence[Attempt], now: datetime
) -> list[AssignmentEvent]:
    uuids = list({attempt.delivery.subject_uuid for attempt in attempts})
    statement = select(*Assignment.__table__.c).where(is_any_of(session, Assignment.uuid, uuids))
    rows = session.connection().execute(statement).all()
    _write_actions(session, attempts, {row.uuid: row.allocated_at for row in rows})
    reminded = _write_reminders(session, attempts, rows, now)
    delta, news = _write_learner_states(session, rows, reminded)
    post_counts(session, policy_uuid, delta.counts)
    return news


def _write_actions(
    session: Session, attempts: Sequence[Attempt], allocated_at: Mapping[UUID, datetime]
) -> None:
    mails = [attempt.delivery.uuid for attempt in attempts]
    known = set(
        session.scalars(
            select(AssignmentAction.mail_uuid).where(
                is_any_of(session, AssignmentAction.mail_uuid, mails)
            )
        )
    )
    fresh = [attempt for attempt in attempts if attempt.delivery.uuid not in known]
    actions = [_action(each, allocated_at[each.delivery.subject_uuid]) for each in fresh]
    bulk_insert(session, AssignmentAction, actions)
    for outcome in AttemptOutcome:
        repeated = [
            attempt
            for attempt in attempts
            if attempt.delivery.uuid in known and attempt.outcome is outcome
        ]
        if repeated:
            _write_result(session, outcome, repeated)


def _write_result(session: Session, outcome: AttemptOutcome, attempts: Sequence[Attempt]) -> None:
    """Updates the actions of mails that already have one."""
    at = max(attempt.at for attempt in attempts)
    result = _result(outcome, at)
    if result.get("completed_at"):
        # A cancellation was complete when it happened, not when its mail left.
        result["completed_at"] = func.coalesce(AssignmentAction.completed_at, literal(at, Instant))
    mails = [attempt.delivery.uuid for attempt in attempts]
    session.execute(
        update(AssignmentAction)
        .where(is_any_of(session, AssignmentAction.mail_uuid, mails))
        .values(modified_at=at, **result)
        .execution_options(synchronize_session=False)
    )


def _result(outcome: AttemptOutcome, at: datetime) -> dict[str, Any]:
    if outcome is AttemptOutcome.DELIVERED:
        return {"completed_at": at, "error_reason": None}
    return {"error_reason": "email_error"} if outcome is AttemptOutcome.FAILED else {}


def _action(attempt: Attempt, allocated_at: datetime) -> dict[str, Any]:
    """An action for an attempt. Its date is before or after the last allocation according to the
    mail, even if the clock of the sending process is wrong, because an action after the allocation
    counts for it."""
    is_stale = attempt.delivery.created_at < allocated_at
    created_at = attempt.delivery.created_at if is_stale else max(attempt.at, allocated_at)
    return {
        "uuid": uuid4(),
        "enterprise_uuid": attempt.delivery.enterprise_uuid,
        "assignment_uuid": attempt.delivery.subject_uuid,
        "action_type": _ACTION_OF[attempt.delivery.kind],
        "mail_uuid": attempt.delivery.uuid,
        "created_at": created_at,
        "modified_at": attempt.at,
        "completed_at": None,
        "error_reason": None,
        **_result(attempt.outcome, attempt.at),
    }


def _write_reminders(
    session: Session, attempts: Sequence[Attempt], rows: Sequence[AnyRow], now: datetime
) -> dict[UUID, Mapping[str, Any]]:
    """The columns that reminders change, by assignment."""
    allocated_at = {row.uuid: row.allocated_at for row in rows}
    reminded = [
        attempt.delivery.subject_uuid
        for attempt in attempts
        if attempt.delivery.kind == REMINDED
        and attempt.outcome is AttemptOutcome.DELIVERED
        and attempt.delivery.created_at >= allocated_at[attempt.delivery.subject_uuid]
    ]
    values = {"recent_action_type": "reminded", "recent_action_at": now, "modified_at": now}
    if reminded:
        session.execute(
            update(Assignment)
            .where(is_any_of(session, Assignment.uuid, reminded))
            .values(values)
            .execution_options(synchronize_session=False)
        )
    return dict.fromkeys(reminded, values)


def _write_learner_states(
    session: Session, rows: Sequence[AnyRow], reminded: Mapping[UUID, Mapping[str, Any]]
) -> tuple[BudgetDelta, list[AssignmentEvent]]:
    delta, news = BudgetDelta(), []
    allocated = [row for row in rows if row.state == AssignmentState.ALLOCATED]
    actions = actions_of(session, [row.uuid for row in allocated])
    changed: defaultdict[LearnerState, list[UUID]] = defaultdict(list)
    for row in allocated:
        shown = learner_state(AssignmentState.ALLOCATED, row.allocated_at, actions[row.uuid])
        if shown is None or shown == row.learner_state:
            continue
        changed[shown].append(row.uuid)
        delta.leaves(AssignmentState.ALLOCATED, row.learner_state)
        delta.enters(AssignmentState.ALLOCATED, shown)
        if shown in _EVENT_OF:
            now = updated(row, {**reminded.get(row.uuid, {}), "learner_state": shown.value})
            news.append(
                _EVENT_OF[shown](
                    object_id=row.uuid,
                    enterprise_uuid=row.enterprise_uuid,
                    changes=changes_between(row, now),
                    data=assignment_list_item(now, actions[row.uuid]),
                )
            )
    for new, uuids in changed.items():
        session.execute(
            update(Assignment)
            .where(is_any_of(session, Assignment.uuid, uuids))
            .values(learner_state=new, learner_state_sort_order=SORT_ORDER[new])
            .execution_options(synchronize_session=False)
        )
    return delta, news
