"""Mails about assignments: when they are still true, and what their attempts leave behind."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import func, literal, select, update
from sqlalchemy.orm import Session

from bursar.catalog.offers.service import enrollment_link
from bursar.credit.assignments.records import actions_of
from bursar.credit.assignments.rules import SORT_ORDER, learner_state
from bursar.credit.ledger.service import Movement, lock_policies, move_counts
from bursar.credit.models import Assignment, AssignmentAction, AssignmentConfiguration
from bursar.credit.states import AssignmentState, LearnerState
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.types import AnyRow, Instant
from bursar.notifications.kinds import Attempt, AttemptOutcome, MailKind, QueuedMail
from bursar.notifications.service import NewMail

ALLOCATED: Final = "assignment-allocated"
REMINDED: Final = "assignment-reminded"
CANCELLED: Final = "assignment-cancelled"
EXPIRED: Final = "assignment-expired"
KIND_NAMES: Final = (ALLOCATED, REMINDED, CANCELLED, EXPIRED)
_ACTION_OF: Final = {
    ALLOCATED: "notified",
    REMINDED: "reminded",
    CANCELLED: "cancelled",
    EXPIRED: "expired",
}


@dataclass(frozen=True, slots=True)
class LinkTo:
    """Where a mail's enrolment link leads, but for the course."""

    lms_url: str
    enterprise_uuid: UUID
    slug: str
    catalog_uuid: UUID

    def content(self, key: str) -> str:
        return enrollment_link(
            self.lms_url, self.enterprise_uuid, self.slug, self.catalog_uuid, key
        )


def of_allocated(rows: Sequence[Any], link: LinkTo) -> list[NewMail]:
    return _with_links(ALLOCATED, rows, link)


def of_reminded(rows: Sequence[Any], link: LinkTo) -> list[NewMail]:
    return _with_links(REMINDED, rows, link)


def of_ended(kind: str, rows: Sequence[Any]) -> list[NewMail]:
    return [_mail(kind, row, {}) for row in rows]


def _with_links(kind: str, rows: Sequence[Any], link: LinkTo) -> list[NewMail]:
    links = {key: link.content(key) for key in {row.content_key for row in rows}}
    return [
        _mail(
            kind,
            row,
            {"deadline": f"{row.expires_at:%-d %B %Y}", "link": links[row.content_key]},
        )
        for row in rows
    ]


def _mail(kind: str, row: Any, more: dict[str, Any]) -> NewMail:
    context = {"content_key": row.content_key, "content_title": row.content_title, **more}
    return NewMail(kind, row.enterprise_uuid, row.uuid, row.learner_email, context)


def _allocated_still(session: Session, mails: Sequence[QueuedMail]) -> set[UUID]:
    """Of the allocation that the mail is about: a later one has a mail of its own."""
    statement = select(Assignment.uuid, Assignment.allocated_at).where(
        is_any_of(session, Assignment.uuid, [mail.subject_uuid for mail in mails]),
        Assignment.state == AssignmentState.ALLOCATED,
        Assignment.transaction_uuid.is_(None),
    )
    allocated_at = {row.uuid: row.allocated_at for row in session.execute(statement)}
    return {
        mail.uuid
        for mail in mails
        if mail.subject_uuid in allocated_at and mail.created_at >= allocated_at[mail.subject_uuid]
    }


def _always(_session: Session, mails: Sequence[QueuedMail]) -> set[UUID]:
    return {mail.uuid for mail in mails}


def record_attempts(session: Session, attempts: Sequence[Attempt], now: datetime) -> None:
    """One action for a mail, whatever its attempts; the assignment's learner_state follows."""
    policies = _policies_of(session, [attempt.mail.subject_uuid for attempt in attempts])
    lock_policies(session, set(policies.values()))
    by_policy: defaultdict[UUID, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_policy[policies[attempt.mail.subject_uuid]].append(attempt)
    for policy_uuid, of_policy in by_policy.items():
        _record_of_policy(session, policy_uuid, of_policy, now)


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
) -> None:
    uuids = list({attempt.mail.subject_uuid for attempt in attempts})
    statement = select(*Assignment.__table__.c).where(is_any_of(session, Assignment.uuid, uuids))
    rows = session.connection().execute(statement).all()
    _write_actions(session, attempts, {row.uuid: row.allocated_at for row in rows})
    _write_reminders(session, attempts, rows, now)
    move_counts(session, policy_uuid, _write_learner_states(session, rows).counts)


def _write_actions(
    session: Session, attempts: Sequence[Attempt], allocated_at: Mapping[UUID, datetime]
) -> None:
    mails = [attempt.mail.uuid for attempt in attempts]
    known = set(
        session.scalars(
            select(AssignmentAction.mail_uuid).where(
                is_any_of(session, AssignmentAction.mail_uuid, mails)
            )
        )
    )
    fresh = [attempt for attempt in attempts if attempt.mail.uuid not in known]
    actions = [_action(each, allocated_at[each.mail.subject_uuid]) for each in fresh]
    bulk_insert(session, AssignmentAction, actions)
    for outcome in AttemptOutcome:
        repeated = [
            attempt.mail.uuid
            for attempt in attempts
            if attempt.mail.uuid in known and attempt.outcome is outcome
        ]
        if repeated:
            at = max(attempt.at for attempt in attempts)
            result = _result(outcome, at)
            if result.get("completed_at"):
                # A cancellation was complete when it happened, not when its mail left.
                result["completed_at"] = func.coalesce(
                    AssignmentAction.completed_at, literal(at, Instant)
                )
            session.execute(
                update(AssignmentAction)
                .where(is_any_of(session, AssignmentAction.mail_uuid, repeated))
                .values(modified_at=at, **result)
                .execution_options(synchronize_session=False)
            )


def _result(outcome: AttemptOutcome, at: datetime) -> dict[str, Any]:
    if outcome is AttemptOutcome.DELIVERED:
        return {"completed_at": at, "error_reason": None}
    return {"error_reason": "email_error"} if outcome is AttemptOutcome.FAILED else {}


def _action(attempt: Attempt, allocated_at: datetime) -> dict[str, Any]:
    """Dated on its own side of the last allocation, whatever the clock of whoever sent it says."""
    is_stale = attempt.mail.created_at < allocated_at
    created_at = attempt.mail.created_at if is_stale else max(attempt.at, allocated_at)
    return {
        "uuid": uuid4(),
        "enterprise_uuid": attempt.mail.enterprise_uuid,
        "assignment_uuid": attempt.mail.subject_uuid,
        "action_type": _ACTION_OF[attempt.mail.kind],
        "mail_uuid": attempt.mail.uuid,
        "created_at": created_at,
        "modified_at": attempt.at,
        "completed_at": None,
        "error_reason": None,
        **_result(attempt.outcome, attempt.at),
    }


def _write_reminders(
    session: Session, attempts: Sequence[Attempt], rows: Sequence[AnyRow], now: datetime
) -> None:
    allocated_at = {row.uuid: row.allocated_at for row in rows}
    reminded = [
        attempt.mail.subject_uuid
        for attempt in attempts
        if attempt.mail.kind == REMINDED
        and attempt.outcome is AttemptOutcome.DELIVERED
        and attempt.mail.created_at >= allocated_at[attempt.mail.subject_uuid]
    ]
    if reminded:
        session.execute(
            update(Assignment)
            .where(is_any_of(session, Assignment.uuid, reminded))
            .values(recent_action_type="reminded", recent_action_at=now, modified_at=now)
            .execution_options(synchronize_session=False)
        )


def _write_learner_states(session: Session, rows: Sequence[AnyRow]) -> Movement:
    movement = Movement()
    allocated = [row for row in rows if row.state == AssignmentState.ALLOCATED]
    actions = actions_of(session, [row.uuid for row in allocated])
    changed: defaultdict[LearnerState, list[UUID]] = defaultdict(list)
    for row in allocated:
        shown = learner_state(AssignmentState.ALLOCATED, row.allocated_at, actions[row.uuid])
        if shown is not None and shown != row.learner_state:
            changed[shown].append(row.uuid)
            movement.leaves(AssignmentState.ALLOCATED, row.learner_state)
            movement.enters(AssignmentState.ALLOCATED, shown)
    for new, uuids in changed.items():
        session.execute(
            update(Assignment)
            .where(is_any_of(session, Assignment.uuid, uuids))
            .values(learner_state=new, learner_state_sort_order=SORT_ORDER[new])
            .execution_options(synchronize_session=False)
        )
    return movement


def _kind(name: str, still_wanted: Any) -> MailKind:
    return MailKind(name, "bursar.credit.assignments", still_wanted, record_attempts)


MAIL_KINDS: Final = (
    _kind(ALLOCATED, _allocated_still),
    _kind(REMINDED, _allocated_still),
    _kind(CANCELLED, _always),
    _kind(EXPIRED, _always),
)
