"""Learners without an account in the LMS: what they take waits, and is finished by itself.

Whether an account has appeared is asked of the LMS, between transactions, by a task; and by the
page when the learner comes again. What was taken back meanwhile is forgotten.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, exists, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.batches import batched
from bursar.claims import licenses, service
from bursar.claims.models import WaitingClaim
from bursar.claims.refusals import ClaimRefused, UnknownClaim
from bursar.claims.tokens import Claim, ClaimKind
from bursar.claims.views import ClaimState, ClaimView
from bursar.claims.waits import forget
from bursar.database.bulk import insert_missing
from bursar.database.engine import Database
from bursar.enrollment.gateway import LmsAccounts, LmsUnavailable
from bursar.jobs.tasks import Task
from bursar.learners.service import find_learner
from bursar.settings import Settings

ACTOR: Final = Actor("task:finish-claims", kind=ActorKind.TASK)
BATCH: Final = 100
_TAKEN: Final = {ClaimState.UNDER_WAY, ClaimState.DONE}
_row: Final = WaitingClaim.__table__.c


@dataclass(frozen=True, slots=True)
class Waiting:
    claim: Claim
    enterprise_uuid: UUID
    course_key: str


AccountsOf: TypeAlias = Callable[[Settings], LmsAccounts]


def tasks(accounts_of: AccountsOf) -> tuple[Task, ...]:
    def finish(database: Database, settings: Settings) -> Mapping[str, int]:
        with closing(accounts_of(settings)) as accounts:
            return finish_waiting(database, accounts, has_lms=bool(settings.lms_url))

    return (Task("finish-claims", finish, "*/5 * * * *", is_any_waiting),)


def is_any_waiting(database: Database) -> bool:
    with database.read() as connection:
        return bool(connection.execute(select(exists(select(_row.subject_uuid)))).scalar())


def wait(
    session: Session, actor: Actor, claim: Claim, course_key: str, *, at: datetime | None = None
) -> ClaimView:
    """Notes what the learner takes once there is an account; a license is activated at once. Raises
    UnknownClaim and ClaimRefused."""
    at = at or clock.now()
    seen = service.look(session.connection(), claim, at=at)
    if claim.kind is ClaimKind.LICENSE:
        seen = service.accept(session, actor, claim, at=at)
        licenses.check_choice(session, claim, course_key, at)
    elif seen.state in _TAKEN or (claim.kind is ClaimKind.ENROLLMENT and seen.is_takeable):
        return seen
    elif not seen.is_takeable:
        raise ClaimRefused(str(seen.obstacle))
    values = {
        "subject_uuid": claim.subject_uuid,
        "course_key": course_key,
        "kind": claim.kind.value,
        "enterprise_uuid": seen.enterprise_uuid,
        "since": at,
    }
    insert_missing(session, WaitingClaim, [values], ("subject_uuid",))
    return service.look(session.connection(), claim, at=at)


def needs_account(connection: Connection, claim: Claim) -> str | None:
    """The learner's address, when no account is known for it. Raises UnknownClaim."""
    seen = service.look(connection, claim)
    with Session(connection) as session:
        learner = find_learner(session, seen.enterprise_uuid, email=seen.email)
    if learner is not None and (learner.lms_user_id is not None or learner.username):
        return None
    return seen.email


def finish_waiting(database: Database, accounts: LmsAccounts, *, has_lms: bool) -> dict[str, int]:
    """Finishes what waits for accounts that have appeared. Whoever learns of accounts may call it.

    It opens its own transactions, and may be repeated at any time.
    """
    counts = {"finished": 0, "given up": 0, "waiting": 0}
    for some in batched(_all_waiting(database), BATCH):
        emails = {each: _email_of(database, each) for each in some}
        try:
            there = accounts.accounts_among({email for email in emails.values() if email})
        except LmsUnavailable:
            counts["waiting"] += len(some)
            continue
        for each, email in emails.items():
            if email is not None and email not in there:
                counts["waiting"] += 1
            else:
                counts["finished" if _finish(database, each, has_lms=has_lms) else "given up"] += 1
    return counts


def _all_waiting(database: Database) -> Sequence[Waiting]:
    with database.read() as connection:
        return list(_waiting(connection))


def _waiting(connection: Connection) -> Iterator[Waiting]:
    for row in connection.execute(select(*_row).order_by(_row.since, _row.subject_uuid)):
        # As of now: what was allocated anew meanwhile is the same thing of the same learner.
        claim = Claim(ClaimKind(row.kind), row.subject_uuid, clock.now())
        yield Waiting(claim, row.enterprise_uuid, row.course_key)


def _email_of(database: Database, waiting: Waiting) -> str | None:
    """None for what is unknown or over by now, so that nobody has to be waited for."""
    try:
        with database.read() as connection:
            seen = service.look(connection, waiting.claim)
    except UnknownClaim:
        return None
    return None if seen.state is ClaimState.OVER else seen.email


def _finish(database: Database, waiting: Waiting, *, has_lms: bool) -> bool:
    claim, key = waiting.claim, waiting.course_key
    with database.transaction() as session:
        forget(session, claim.subject_uuid, key)
        try:
            if key:
                service.choose(session, ACTOR, claim, key, has_lms=has_lms)
            else:
                service.accept(session, ACTOR, claim)
        except (UnknownClaim, ClaimRefused):
            return False
    return True
