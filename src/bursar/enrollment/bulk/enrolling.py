"""Enrolls pairs of one job: they are decided together, enrolled in the LMS, and then recorded in
one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.enrollment.bulk import asked, queries
from bursar.enrollment.bulk.chunks import actor_of
from bursar.enrollment.bulk.events import EnrolledCourse
from bursar.enrollment.bulk.rules import (
    MISSING_SUBSCRIPTION,
    Decision,
    DecisionFacts,
    Pair,
    PairStatus,
    failed,
    lms_error,
)
from bursar.enrollment.commands import FREE_MODE, PAID_MODE, NewEnrollment, Payer
from bursar.enrollment.gateway import (
    EmbeddedGateway,
    LmsEnrollment,
    LmsGateway,
    LmsOutcome,
    require_answers,
)
from bursar.enrollment.rehearsal import end_in_lms, enroll_in_lms
from bursar.enrollment.service import paid_elsewhere, record_enrollments
from bursar.learners.service import LearnerRecord, ensure_learners, find_learners
from bursar.subscriptions.licenses import service as license_service
from bursar.subscriptions.licenses.commands import ActivateLicenses, UsableLicense

GIVE_BACK: Final = "bulk_enrollment.give_back"
"""The workflow that calls `give_back` for the lost pairs of a chunk until the LMS answers."""


@dataclass(frozen=True, slots=True)
class Job:
    """The fields of a job that are needed to enroll its pairs."""

    uuid: UUID
    enterprise_uuid: UUID
    actor: Actor
    notify: bool
    """Whether learners are told by mail."""

    @classmethod
    def of(cls, row: AnyRow) -> "Job":
        return cls(row.uuid, row.enterprise_uuid, actor_of(row), row.notify)


class Enroller(Protocol):
    """The part of an LmsGateway that enrolls."""

    def enroll(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]: ...


class UnansweringLms:
    """Replaces an LMS that has been unavailable for too long. It refuses every enrollment with the
    reason."""

    def __init__(self, reason: str) -> None:
        self._outcome = LmsOutcome(reason)

    def enroll(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        return [self._outcome for _ in enrollments]


@dataclass(frozen=True, slots=True)
class EnrolledPairs:
    """The decisions about pairs, after those that may be enrolled were enrolled in the LMS."""

    facts: DecisionFacts
    decisions: Mapping[Pair, Decision]
    asked_before: Mapping[int, UUID]
    """The licenses that were to pay when the LMS was asked before, by the numbers of the pairs. The
    outcome of that call is not known."""
    unanswered: Sequence[LmsOutcome]
    """The outcomes of the other pairs, about which the LMS did not answer. Their notes stay."""
    without_account: AbstractSet[Pair] = frozenset()
    """Those whom the LMS enrolls in its free mode as soon as they have an account."""
    is_rehearsed: bool = False
    """Whether some outcomes were made by the faults of a sandbox."""


def enroll(database: Database, lms: Enroller, job: Job, pairs: Sequence[Pair]) -> EnrolledPairs:
    """Decides about the pairs, enrolls learners in the LMS, and activates their licenses.

    It records nothing else but what the LMS is asked for, so that it can be repeated. No
    transaction may be open: the LMS is called over the network.
    """
    facts, learners = _look(database, job, pairs, clock.now())
    decisions = {pair: facts.decide(pair) for pair in pairs}
    good = _successes(decisions)
    wanted = [
        _lms_enrollment(job.enterprise_uuid, pair, learners.get(pair.email), license_.lms_user_id)
        for pair, license_ in good.items()
    ]
    asked_before = _note(database, lms, job, pairs, good)
    outcomes = _ask(database, lms, wanted) if wanted else []
    for pair, outcome in zip(good, outcomes, strict=True):
        if outcome.is_unavailable:
            del decisions[pair]
        elif outcome.error is not None and not outcome.will_be_done:
            decisions[pair] = failed(lms_error(outcome.error))
    _activate(database, job, _successes(decisions).values())
    unanswered = [each for each in outcomes if each.is_unavailable]
    waiting = {pair for pair, each in zip(good, outcomes, strict=True) if each.will_be_done}
    is_rehearsed = any(each.is_rehearsed for each in outcomes)
    return EnrolledPairs(facts, decisions, asked_before, unanswered, waiting, is_rehearsed)


def _ask(database: Database, lms: Enroller, wanted: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
    if isinstance(lms, UnansweringLms):
        return lms.enroll(wanted)
    return enroll_in_lms(database, lms, wanted)


def _note(
    database: Database,
    lms: Enroller,
    job: Job,
    pairs: Sequence[Pair],
    good: Mapping[Pair, UsableLicense],
) -> dict[int, UUID]:
    """Notes what the LMS is about to be asked for, and returns what it was asked for before."""
    if isinstance(lms, EmbeddedGateway):
        return {}  # Nothing can happen between this call and the record of it.
    with database.transaction() as session:
        before = asked.find(session, job.uuid, [pair.number for pair in pairs])
        if not isinstance(lms, UnansweringLms):
            licenses = {pair.number: license_.license_uuid for pair, license_ in good.items()}
            asked.note(session, job.uuid, licenses)
    return before


def _successes(decisions: Mapping[Pair, Decision]) -> dict[Pair, UsableLicense]:
    """The pairs that succeed, each with the license that pays."""
    return {
        pair: each.license
        for pair, each in decisions.items()
        if each.status is PairStatus.SUCCESS and each.license is not None
    }


def _look(
    database: Database, job: Job, pairs: Sequence[Pair], now: datetime
) -> tuple[DecisionFacts, dict[str, LearnerRecord]]:
    emails = list(dict.fromkeys(pair.email for pair in pairs))
    keys = list(dict.fromkeys(pair.course_run_key for pair in pairs))
    with database.read() as connection, Session(connection) as session:
        learners = find_learners(session, job.enterprise_uuid, emails)
        facts = queries.find_facts(
            session, job.enterprise_uuid, learners=learners, emails=emails, keys=keys, now=now
        )
    return facts, learners


def _lms_enrollment(
    enterprise_uuid: UUID, pair: Pair, learner: LearnerRecord | None, account: int | None = None
) -> LmsEnrollment:
    username = None
    if learner is not None:
        account, username = learner.lms_user_id or account, learner.username
    return LmsEnrollment(enterprise_uuid, pair.email, account, username, pair.course_run_key)


def _activate(database: Database, job: Job, licenses: Iterable[UsableLicense]) -> None:
    """Activates licenses in a separate transaction, so that the plan is not locked while rows are
    written."""
    first_used = {each.license_uuid for each in licenses if not each.is_activated}
    if first_used:
        with database.transaction() as session:
            command = ActivateLicenses(job.enterprise_uuid, list(first_used))
            license_service.activate_several(session, job.actor, command)


def record(
    session: Session, job: Job, enrolled: EnrolledPairs, now: datetime
) -> tuple[dict[Pair, Decision], list[EnrolledCourse]]:
    """Records enrollments, and returns the final decisions and the courses to tell learners about.

    A pair whose license was revoked in the meantime has failed. The rows of pairs are written by
    chunks.py.
    """
    decisions = _with_held_licenses(session, enrolled.decisions)
    decisions = _with_licenses_of_lost(decisions, enrolled.asked_before)
    asked.forget(session, job.uuid, _settled_numbers(decisions))
    good = _successes(decisions)
    people = ensure_learners(session, job.enterprise_uuid, [pair.email for pair in good], now)
    enrollments = [
        NewEnrollment(
            job.enterprise_uuid,
            people[pair.email].id,
            pair.course_run_key,
            Payer.LICENSE,
            license_uuid=license_.license_uuid,
            mode=FREE_MODE if pair in enrolled.without_account else PAID_MODE,
        )
        for pair, license_ in good.items()
    ]
    record_enrollments(session, job.actor, enrollments, at=now)
    if not job.notify:
        return decisions, []
    runs = enrolled.facts.runs
    return decisions, [
        EnrolledCourse(
            pair.email,
            license_.license_uuid,
            runs[license_.catalog_uuid, pair.course_run_key].title,
            pair.course_run_key,
        )
        for pair, license_ in good.items()
    ]


def _with_held_licenses(
    session: Session, decisions: Mapping[Pair, Decision]
) -> dict[Pair, Decision]:
    used = {each.license_uuid for each in _successes(decisions).values()}
    held = license_service.hold_activated(session, list(used)) if used else set[UUID]()
    return {
        # The license is kept in the decision, because the LMS enrollment has to be ended: see
        # `give_back`.
        pair: Decision(PairStatus.FAILED, MISSING_SUBSCRIPTION, each.license)
        if each.status is PairStatus.SUCCESS and each.license_uuid not in held
        else each
        for pair, each in decisions.items()
    }


def _with_licenses_of_lost(
    decisions: Mapping[Pair, Decision], asked_before: Mapping[int, UUID]
) -> dict[Pair, Decision]:
    """A pair that failed, but that the LMS was asked to enroll by a call whose outcome nobody
    recorded, may be enrolled there. It is lost too, and names the license that was to pay."""
    return {
        pair: replace(each, lost_license_uuid=asked_before.get(pair.number))
        if each.status is PairStatus.FAILED
        else each
        for pair, each in decisions.items()
    }


def _settled_numbers(decisions: Mapping[Pair, Decision]) -> list[int]:
    """A pair that became pending meanwhile is decided about again, and its note is needed then."""
    return [
        pair.number for pair, each in decisions.items() if each.status is not PairStatus.PENDING
    ]


def give_back(
    database: Database, lms: LmsGateway, enterprise_uuid: UUID, lost: Sequence[Pair]
) -> None:
    """Ends enrollments in the LMS that no license pays for. Raises LmsUnavailable."""
    emails = list({pair.email for pair in lost})
    with database.read() as connection, Session(connection) as session:
        taken = queries.live_enrollments(session, enterprise_uuid, emails)
        people = find_learners(session, enterprise_uuid, emails)
        taken |= _paid_elsewhere(session, people, lost)
    wanted = [
        _lms_enrollment(enterprise_uuid, pair, people.get(pair.email))
        for pair in lost
        if (pair.email, pair.course_run_key) not in taken
    ]
    if wanted:
        require_answers(end_in_lms(database, lms, wanted))


def _paid_elsewhere(
    session: Session, people: Mapping[str, LearnerRecord], pairs: Sequence[Pair]
) -> set[tuple[str, str]]:
    """E-mail and run key of those whose seats are paid for under another address."""
    emails = {learner.id: email for email, learner in people.items()}
    places = [
        (people[pair.email].id, pair.course_run_key) for pair in pairs if pair.email in people
    ]
    return {(emails[row.learner_id], row.courserun_key) for row in paid_elsewhere(session, places)}
