"""The front door of direct enrollments: a client enrolls learners, without a seat or money.

Wishes are stored; jobs fulfil them (working.py), in the LMS first.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.catalog.listings.service import runs_held
from bursar.database.bulk import bulk_insert, bulk_update
from bursar.database.types import AnyRow
from bursar.enrollment.commands import Payer, Place
from bursar.enrollment.direct.commands import (
    Answered,
    Outcome,
    RequestEnrollments,
    Wish,
    WishSelection,
    WishState,
)
from bursar.enrollment.direct.events import DirectEnrollmentsRequested
from bursar.enrollment.direct.models import DirectEnrollment
from bursar.enrollment.direct.queries import (
    count_selected,
    find_wishes,
    selected_wishes,
    standing_of,
)
from bursar.enrollment.direct.rules import Standing, decide
from bursar.enrollment.direct.views import CourseEnrollmentView, view_of
from bursar.enrollment.service import find_payers
from bursar.events.service import publish
from bursar.learners.service import (
    LearnerRecord,
    find_learners,
    find_learners_by_account,
    lock_learners,
)
from bursar.pages import Page, PageRequest


def request_enrollments(
    session: Session,
    actor: Actor,
    command: RequestEnrollments,
    *,
    asks_lms: bool,
    at: datetime | None = None,
) -> list[Answered]:
    """What comes of each wish, in their order. The learners are locked from here on.

    A constant number of statements for 10,000 wishes. `asks_lms` says whether there is an LMS that
    may know accounts. A subscriber of DirectEnrollmentsRequested enqueues the work.
    """
    at = at or clock.now()
    found = _look(session, command, at)
    before = dict(found.standing)
    answers = [
        found.take(wish, email, asks_lms=asks_lms)
        for wish, email in zip(command.wishes, found.emails, strict=True)
    ]
    changed = {place: now for place, now in found.standing.items() if now and now != before[place]}
    if changed:
        batch = _Batch(uuid4(), command.enterprise_uuid, at)
        _store(session, batch, found.rows, changed)
        publish(session, actor, [_requested(batch, changed.values())], at=at)
    return answers


def list_wishes(
    connection: Connection, enterprise_uuid: UUID, wanted: WishSelection, request: PageRequest
) -> tuple[Page, list[CourseEnrollmentView]]:
    """The one that changed last comes first. Two statements. Raises PageOutOfRange."""
    page = request.within(count_selected(connection, enterprise_uuid, wanted))
    rows = selected_wishes(connection, enterprise_uuid, wanted, page)
    return page, [view_of(row) for row in rows]


@dataclass(frozen=True, slots=True)
class _Batch:
    uuid: UUID
    enterprise_uuid: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class _Found:
    """All that decides about wishes, read under the locks of the learners."""

    emails: Sequence[str | None]
    """Of each wish's learner; None for an account that nobody is known to have."""
    people: Mapping[str, LearnerRecord]
    """By e-mail. Those who are to be enrolled are made where they are unknown."""
    held: Mapping[str, str]
    """Titles of the runs that the enterprise's catalogs hold, by key."""
    rows: Mapping[Place, AnyRow]
    payers: Mapping[Place, Payer]
    standing: dict[Place, Standing | None]
    """Changes with every wish that is taken."""

    def take(self, wish: Wish, email: str | None, *, asks_lms: bool) -> Answered:
        if email is None:
            return Answered(Outcome.UNKNOWN_ACCOUNT)
        learner = self.people.get(email)
        if wish.courserun_key not in self.held and not self._may_leave(wish, learner):
            return Answered(Outcome.NOT_IN_CATALOG)
        if learner is None:  # who is unknown, and has left in that sense
            return Answered(Outcome.SUCCESS)
        place = learner.id, wish.courserun_key
        self.standing[place], answered = decide(
            self.standing[place],
            wish,
            self.payers.get(place),
            has_account=learner.lms_user_id is not None,
            asks_lms=asks_lms,
        )
        return answered

    def _may_leave(self, wish: Wish, learner: LearnerRecord | None) -> bool:
        """Content leaves catalogs, and whoever is enrolled in it must still be able to leave."""
        if wish.is_active or learner is None:
            return False
        place = learner.id, wish.courserun_key
        return self.standing[place] is not None or place in self.payers


def _look(session: Session, command: RequestEnrollments, at: datetime) -> _Found:
    enterprise_uuid, wishes = command.enterprise_uuid, command.wishes
    emails = _emails(session, enterprise_uuid, wishes)
    keys = [wish.courserun_key for wish in wishes]
    held = runs_held(session.connection(), enterprise_uuid, keys)
    known = find_learners(session, enterprise_uuid, [email for email in emails if email])
    pairs = [(wish, email) for wish, email in zip(wishes, emails, strict=True) if email]
    to_enroll = {email for wish, email in pairs if wish.is_active and wish.courserun_key in held}
    people = lock_learners(session, enterprise_uuid, sorted(to_enroll | known.keys()), at)
    places = sorted(
        {(people[email].id, wish.courserun_key) for wish, email in pairs if email in people}
    )
    rows = find_wishes(session, enterprise_uuid, places)
    return _Found(
        emails,
        people,
        held,
        rows,
        find_payers(session, enterprise_uuid, places),
        {place: standing_of(rows[place]) if place in rows else None for place in places},
    )


def _emails(session: Session, enterprise_uuid: UUID, wishes: Sequence[Wish]) -> list[str | None]:
    accounts = [wish.lms_user_id for wish in wishes if wish.lms_user_id is not None]
    known = find_learners_by_account(session, enterprise_uuid, accounts)
    holders = (None if wish.lms_user_id is None else known.get(wish.lms_user_id) for wish in wishes)
    return [
        wish.email if holder is None else holder.email
        for wish, holder in zip(wishes, holders, strict=True)
    ]


def _store(
    session: Session,
    batch: _Batch,
    rows: Mapping[Place, AnyRow],
    changed: Mapping[Place, Standing],
) -> None:
    known = changed.keys() & rows.keys()
    new = [_new(place, changed[place], batch) for place in sorted(changed.keys() - known)]
    bulk_insert(session, DirectEnrollment, new)
    altered = [_altered(rows[place], changed[place], batch) for place in sorted(known)]
    bulk_update(session, DirectEnrollment, altered)


def _new(place: Place, standing: Standing, batch: _Batch) -> dict[str, Any]:
    learner_id, courserun_key = place
    return {
        **_columns(standing, batch.at),
        "uuid": uuid4(),
        "enterprise_uuid": batch.enterprise_uuid,
        "learner_id": learner_id,
        "courserun_key": courserun_key,
        "batch_uuid": batch.uuid,
        "created_at": batch.at,
    }


def _altered(row: AnyRow, standing: Standing, batch: _Batch) -> dict[str, Any]:
    before = standing_of(row)
    # Where only the cohort is another one, the job that works on the wish goes on.
    is_same = (before.is_active, before.mode, before.state) == (
        standing.is_active,
        standing.mode,
        standing.state,
    )
    batch_uuid = row.batch_uuid if is_same else batch.uuid
    return {"id": row.id, **_columns(standing, batch.at), "batch_uuid": batch_uuid}


def _columns(standing: Standing, at: datetime) -> dict[str, Any]:
    return asdict(standing) | {"state": standing.state.value, "error": None, "modified_at": at}


def _requested(batch: _Batch, changed: Collection[Standing]) -> DirectEnrollmentsRequested:
    states = Counter(standing.state for standing in changed)
    enrolling = sum(standing.is_active for standing in changed)
    counts = {
        "enrolling": enrolling,
        "ending": len(changed) - enrolling,
        "waiting": states[WishState.WAITING],
    }
    return DirectEnrollmentsRequested(
        object_id=batch.uuid,
        enterprise_uuid=batch.enterprise_uuid,
        changes={name: (None, count) for name, count in counts.items() if count},
        is_first=True,
        batch_uuid=batch.uuid,
        queued=states[WishState.QUEUED],
    )
