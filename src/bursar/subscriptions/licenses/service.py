"""Licences are assigned to learners. Every function expects the caller's transaction, which holds
the plan from then on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Select, String, Update, Uuid, bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.batches import batched
from bursar.database.bulk import found_by_each
from bursar.database.pipelines import in_one_go
from bursar.database.rows import awaited_rows, given_rows, row_parameters
from bursar.database.types import AnyRow
from bursar.learners.service import LearnerRecord, find_learners
from bursar.notifications import service as notifications
from bursar.subscriptions.licenses import mail
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.refusals import NoLiveLicense, NotEnoughLicenses, PlanUnusable
from bursar.subscriptions.licenses.seats import IS_LIVE, licenses, take_unassigned
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.locking import LockedPlan, Movement, lock_plan, lock_plans, move
from bursar.subscriptions.plans.rules import refusal_of_assignment

BATCH: Final = 10_000
"""E-mails of one statement: SQLite takes some thirty thousand parameters."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom a caller wants to have licences; e-mails normalised and without repetitions."""

    sfids: Mapping[str, str | None]
    """The learner's id in the customer's own system, by e-mail, in the order of the request."""
    notify: bool = True
    greeting: str = ""
    closing: str = ""


@dataclass(frozen=True, slots=True)
class Assignments:
    licenses: Sequence[tuple[str, UUID]]
    """E-mail and new licence, in the order of the request."""
    already_associated: int


def assign(
    session: Session,
    actor: Actor,
    *,
    enterprise_uuid: UUID,
    plan_uuid: UUID,
    wish: Wish,
    now: datetime,
) -> Assignments:
    """All or nothing; learners with a live licence are passed over.

    Raises PlanUnusable and NotEnoughLicenses.
    """
    emails = list(wish.sfids)
    # Before the lock, which everyone else waits for.
    learners = find_learners(session, enterprise_uuid, emails)
    plan = lock_plan(session, enterprise_uuid, plan_uuid)
    if refusal := refusal_of_assignment(plan.terms, now):
        raise PlanUnusable(refusal)
    holders = {row.user_email for row in live_licenses(session, plan_uuid, emails)}
    new = [email for email in emails if email not in holders]
    if len(new) > plan.seats.unassigned:
        raise NotEnoughLicenses(len(new), plan.seats.unassigned)
    assigned = list(zip(new, take_unassigned(session, plan_uuid, len(new)), strict=True))
    if assigned:
        with in_one_go(session, len(assigned)):
            _write_assignments(session, assigned, wish, learners, now)
            _announce(session, plan, assigned, wish, now)
            changes = [license_change("assigned", plan, uuid) for _, uuid in assigned]
            record(session, actor, changes)
            move(session, {plan.uuid: Movement(unassigned=-len(new), assigned=len(new))})
    return Assignments(assigned, len(holders))


@lru_cache(maxsize=2)
def _live_of_plan(dialect: str) -> Select[Any]:
    columns = (licenses.uuid, licenses.status, licenses.user_email, licenses.lms_user_id)
    # Not IS_LIVE: while a plan's first licences go out, PostgreSQL believes that the partial
    # indexes of live ones are all but empty, and would read the whole of one at every call.
    is_live = licenses.status != LicenseStatus.REVOKED.value
    conditions = (licenses.plan_uuid == bindparam("plan_uuid"), is_live)
    return found_by_each(dialect, columns, conditions, licenses.user_email, "emails")


def live_licenses(session: Session, plan_uuid: UUID, emails: Sequence[str]) -> list[AnyRow]:
    """uuid, status, user_email and lms_user_id. One statement for 10,000 e-mails."""
    found: list[AnyRow] = []
    statement = _live_of_plan(session.get_bind().dialect.name)
    for batch in batched(emails, BATCH):
        values = {"plan_uuid": plan_uuid, "emails": batch}
        found += session.connection().execute(statement, values).all()
    return found


_GIVEN: Final[dict[str, TypeEngine[Any]]] = {
    "uuid": Uuid(as_uuid=True),
    "email": String(),
    "sfid": String(),
    "user_id": BigInteger(),
}


def _write_assignments(
    session: Session,
    assigned: Sequence[tuple[str, UUID]],
    wish: Wish,
    learners: Mapping[str, LearnerRecord],
    now: datetime,
) -> None:
    accounts = {email: learner.lms_user_id for email, learner in learners.items()}
    rows = [(uuid, email, wish.sfids[email], accounts.get(email)) for email, uuid in assigned]
    values = row_parameters(session, _GIVEN, rows) | {"now": now}
    session.connection().execute(_assigned(session.get_bind().dialect.name), values)


@lru_cache(maxsize=2)
def _assigned(dialect: str) -> Update:
    given, now = awaited_rows(dialect, _GIVEN), bindparam("now", type_=licenses.assigned_at.type)
    return (
        update(License)
        .where(licenses.uuid == given.c.uuid)
        .values(
            status=LicenseStatus.ASSIGNED.value,
            user_email=given.c.email,
            user_sfid=given.c.sfid,
            lms_user_id=given.c.user_id,
            assigned_at=now,
            modified_at=now,
        )
    )


def _announce(
    session: Session,
    plan: LockedPlan,
    assigned: Sequence[tuple[str, UUID]],
    wish: Wish,
    now: datetime,
) -> None:
    if wish.notify:
        mails = [
            mail.of_assigned(plan, uuid, email, wish.greeting, wish.closing)
            for email, uuid in assigned
        ]
        notifications.enqueue(session, mails, now)


def license_change(
    action: str, plan: LockedPlan, uuid: UUID, details: dict[str, Any] | None = None
) -> Change:
    return Change(
        f"license.{action}",
        "license",
        str(uuid),
        plan.enterprise_uuid,
        {"plan_uuid": str(plan.uuid), **(details or {})},
    )


def remind(
    session: Session,
    actor: Actor,
    *,
    enterprise_uuid: UUID,
    plan_uuid: UUID,
    emails: Sequence[str],
    now: datetime,
) -> int:
    """Mails those who have not used their licence yet; how many. Raises NoLiveLicense.

    The mails look again before they leave.
    """
    plan = lock_plan(session, enterprise_uuid, plan_uuid)
    found = {row.user_email: row for row in live_licenses(session, plan_uuid, emails)}
    for email in emails:
        if email not in found or found[email].status != LicenseStatus.ASSIGNED:
            raise NoLiveLicense(email, plan_uuid, "assigned")
    rows = [found[email] for email in emails]
    notifications.enqueue(
        session, [mail.of_reminded(plan, row.uuid, row.user_email) for row in rows], now
    )
    record(session, actor, [license_change("reminded", plan, row.uuid) for row in rows])
    return len(rows)


def link_learners(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    known: Sequence[tuple[str, int]],
    now: datetime,
) -> int:
    """Notes on live licences which accounts hold them; known are e-mail and lms_user_id."""
    given = given_rows(session, {"email": String(), "user_id": BigInteger()}, known)
    differs = (
        (licenses.enterprise_uuid == enterprise_uuid)
        & (licenses.user_email == given.c.email)
        & IS_LIVE
        & licenses.lms_user_id.is_distinct_from(given.c.user_id)
    )
    affected = select(licenses.plan_uuid).join_from(License.__table__, given, differs).distinct()
    plans = session.execute(affected).scalars().all()
    if not plans:
        return 0
    lock_plans(session, plans)
    statement = update(License).where(differs).values(lms_user_id=given.c.user_id, modified_at=now)
    rows = session.connection().execute(statement.returning(licenses.uuid)).all()
    changes = [Change("license.linked", "license", str(row.uuid), enterprise_uuid) for row in rows]
    record(session, actor, changes)
    return len(rows)
