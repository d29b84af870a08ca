"""Enrols pairs of one job: decided together, told to the LMS, and recorded in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.enrollment.bulk import mail, queries
from bursar.enrollment.bulk.rules import (
    MISSING_SUBSCRIPTION,
    Decision,
    Ground,
    Pair,
    PairStatus,
    failed,
    lms_error,
)
from bursar.enrollment.gateway import LmsEnrollment, LmsGateway, Outcome
from bursar.enrollment.models import Payer
from bursar.enrollment.service import NewEnrollment, record_enrollments
from bursar.learners.service import LearnerRecord, ensure_learners, find_learners
from bursar.notifications import service as notifications
from bursar.notifications.service import NewMail
from bursar.subscriptions.licenses import service as license_service
from bursar.subscriptions.licenses.commands import ActivateLicenses, UsableLicense


@dataclass(frozen=True, slots=True)
class Job:
    """What its pairs need to know of it."""

    uuid: UUID
    enterprise_uuid: UUID
    actor: Actor
    mail_links: mail.Links | None
    """None: learners are not told."""

    @classmethod
    def of(cls, row: AnyRow, lms_public_url: str) -> "Job":
        return cls(
            row.uuid,
            row.enterprise_uuid,
            Actor(row.client_id, row.request_id),
            mail.Links(lms_public_url) if row.notify else None,
        )


class Enroller(Protocol):
    """Of an LMS: see `bursar.enrollment.gateway`."""

    def enroll(self, seats: Sequence[LmsEnrollment]) -> list[Outcome]: ...


class Silent:
    """In the place of an LMS that has been asked for long enough."""

    def __init__(self, reason: str) -> None:
        self._outcome = Outcome(reason)

    def enroll(self, seats: Sequence[LmsEnrollment]) -> list[Outcome]:
        return [self._outcome for _ in seats]


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Pairs that the LMS was told, if there was something to tell."""

    ground: Ground
    decisions: Mapping[Pair, Decision]


def enroll(database: Database, lms: Enroller, job: Job, pairs: Sequence[Pair]) -> Enrolled:
    """Safe to repeat. Licenses of whoever is enrolled are activated. Raises LmsUnavailable."""
    ground, learners = _look(database, job, pairs, clock.now())
    decisions = {pair: ground.decide(pair) for pair in pairs}
    good = _successes(decisions)
    seats = [
        _seat_of(job.enterprise_uuid, pair, learners.get(pair.email), license_.lms_user_id)
        for pair, license_ in good.items()
    ]
    outcomes = lms.enroll(seats) if seats else []
    for pair, outcome in zip(good, outcomes, strict=True):
        if outcome.error is not None:
            decisions[pair] = failed(lms_error(outcome.error))
    _activate(database, job, _successes(decisions).values())
    return Enrolled(ground, decisions)


def _successes(decisions: Mapping[Pair, Decision]) -> dict[Pair, UsableLicense]:
    """With the licenses that pay."""
    return {
        pair: each.license
        for pair, each in decisions.items()
        if each.status is PairStatus.SUCCESS and each.license is not None
    }


def _look(
    database: Database, job: Job, pairs: Sequence[Pair], now: datetime
) -> tuple[Ground, dict[str, LearnerRecord]]:
    emails = list(dict.fromkeys(pair.email for pair in pairs))
    keys = list(dict.fromkeys(pair.course_run_key for pair in pairs))
    with database.read() as connection, Session(connection) as session:
        learners = find_learners(session, job.enterprise_uuid, emails)
        ground = queries.ground_of(
            session, job.enterprise_uuid, learners=learners, emails=emails, keys=keys, now=now
        )
    return ground, learners


def _seat_of(
    enterprise_uuid: UUID, pair: Pair, learner: LearnerRecord | None, account: int | None = None
) -> LmsEnrollment:
    username = None
    if learner is not None:
        account, username = learner.lms_user_id or account, learner.username
    return LmsEnrollment(enterprise_uuid, pair.email, account, username, pair.course_run_key)


def _activate(database: Database, job: Job, licenses: Iterable[UsableLicense]) -> None:
    """In a transaction of its own: nobody waits for a plan while rows are written."""
    first_used = {each.license_uuid for each in licenses if not each.is_activated}
    if first_used:
        with database.transaction() as session:
            command = ActivateLicenses(job.enterprise_uuid, list(first_used))
            license_service.activate_several(session, job.actor, command)


def record(session: Session, job: Job, enrolled: Enrolled, now: datetime) -> dict[Pair, Decision]:
    """What came of the pairs: whose license is gone by now has failed. Writes no rows of pairs."""
    decisions = _with_held_licenses(session, enrolled.decisions)
    good = _successes(decisions)
    people = ensure_learners(session, job.enterprise_uuid, [pair.email for pair in good], now)
    enrollments = [
        NewEnrollment(
            job.enterprise_uuid,
            people[pair.email].id,
            pair.course_run_key,
            Payer.LICENSE,
            license_uuid=license_.license_uuid,
        )
        for pair, license_ in good.items()
    ]
    record_enrollments(session, job.actor, enrollments, at=now)
    if job.mail_links is not None:
        notifications.enqueue(session, _mails(job, job.mail_links, enrolled.ground, good), now)
    return decisions


def _with_held_licenses(
    session: Session, decisions: Mapping[Pair, Decision]
) -> dict[Pair, Decision]:
    used = {each.license_uuid for each in _successes(decisions).values()}
    held = license_service.hold_activated(session, list(used)) if used else set[UUID]()
    return {
        # The license stays named: the LMS has to be told. See `give_back`.
        pair: Decision(PairStatus.FAILED, MISSING_SUBSCRIPTION, each.license)
        if each.status is PairStatus.SUCCESS and each.license_uuid not in held
        else each
        for pair, each in decisions.items()
    }


def _mails(
    job: Job, links: mail.Links, ground: Ground, good: Mapping[Pair, UsableLicense]
) -> list[NewMail]:
    """One for each learner."""
    courses: defaultdict[str, list[mail.Course]] = defaultdict(list)
    licenses: dict[str, UUID] = {}
    for pair, license_ in good.items():
        title = ground.runs[license_.catalog_uuid, pair.course_run_key].title
        courses[pair.email].append(links.course(title, pair.course_run_key))
        licenses[pair.email] = license_.license_uuid
    return [
        mail.of_enrolled(job.enterprise_uuid, licenses[email], email, listed)
        for email, listed in courses.items()
    ]


def give_back(
    database: Database, lms: LmsGateway, enterprise_uuid: UUID, lost: Sequence[Pair]
) -> None:
    """Ends in the LMS what nothing pays for. Raises LmsUnavailable."""
    emails = list({pair.email for pair in lost})
    with database.read() as connection, Session(connection) as session:
        taken = queries.seats_taken(session, enterprise_uuid, emails)
        people = find_learners(session, enterprise_uuid, emails)
    seats = [
        _seat_of(enterprise_uuid, pair, people.get(pair.email))
        for pair in lost
        if (pair.email, pair.course_run_key) not in taken
    ]
    if seats:
        lms.end(seats)
