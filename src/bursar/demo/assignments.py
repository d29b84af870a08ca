"""What happened in the demo's budgets before its first start, told through the real services.

Only the dates are invented. Assignments end up in every state, and the books hold.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.offers.service import Offer, find_offers
from bursar.credit.assignments import service as assignments
from bursar.credit.assignments.commands import (
    AllocateCourse,
    CancelAssignments,
    RemindAssignments,
)
from bursar.credit.redemption import service as redemption
from bursar.credit.redemption.commands import (
    CompleteRedemption,
    FailRedemption,
    RedeemCourse,
    ReverseRedemption,
)
from bursar.database.engine import Database
from bursar.delivery.service import (
    BACKOFF,
    Attempt,
    MailKind,
    QueuedDelivery,
    delivered,
    failed,
    record_past_attempts,
)
from bursar.demo.parts import Document
from bursar.enrollment.commands import NewEnrollment, Payer
from bursar.enrollment.service import end_enrollments, record_enrollments
from bursar.learners.service import ensure_learners

ACTOR: Final = Actor("demo")
BEGINNING: Final = timedelta(days=101)
OPEN_FOR: Final = timedelta(days=95)
"""From now on: longer than the ninety days of an assignment made today."""
COURSES: Final = 5
"""That each budget assigns."""
AWAY_FOR: Final = timedelta(hours=18)
"""How long the mail server has been: until all but the last of the pauses between attempts."""
UNREACHABLE: Final = "no.such.mailbox@acme.example"
NEWCOMERS: Final = ("new.colleague@acme.example", "second.colleague@acme.example")
"""Nobody knows their accounts yet."""
NO_ACCOUNT: Final = "the learner has no LMS account"
_MAIL_SECONDS: Final = 2

_Event: TypeAlias = tuple[timedelta, Callable[[datetime], None]]
"""How long ago, and what happened; it is called with the instant."""


@dataclass(frozen=True, slots=True)
class _Budget:
    uuid: UUID
    configuration_uuid: UUID | None
    catalog_uuid: UUID
    courses: Sequence[Offer]


@dataclass(slots=True)
class _Story:
    database: Database
    mail_kinds: Mapping[str, MailKind]
    enterprise_uuid: UUID
    assignments: dict[tuple[UUID, str, str], UUID] = field(default_factory=dict)
    transactions: dict[tuple[UUID, str, str], UUID] = field(default_factory=dict)
    """Both by budget, course and learner."""

    def tell(self, events: Sequence[_Event], now: datetime) -> None:
        for ago, happen in sorted(events, key=lambda event: event[0], reverse=True):
            at = now - ago
            happen(at)
            self._deliver(at + timedelta(seconds=_MAIL_SECONDS), is_server_away=ago <= AWAY_FOR)

    def allocate(self, budget: _Budget, course: Offer, emails: Sequence[str], at: datetime) -> None:
        command = AllocateCourse(
            self.enterprise_uuid,
            budget.uuid,
            course.key,
            course.price_cents or 0,
            tuple(emails),
            budget.catalog_uuid,
        )
        with self.database.transaction() as session:
            done = assignments.allocate(session, ACTOR, command, tolerance_percent=100, at=at)
            for row in done.created:
                self.assignments[budget.uuid, course.key, row.learner_email] = row.uuid

    def remind(self, budget: _Budget, course: Offer, email: str, at: datetime) -> None:
        uuid = self.assignments[budget.uuid, course.key, email]
        command = RemindAssignments(self.enterprise_uuid, _configuration_of(budget), (uuid,))
        with self.database.transaction() as session:
            assignments.remind(session, ACTOR, command, at=at)

    def cancel(self, budget: _Budget, course: Offer, email: str, at: datetime) -> None:
        uuid = self.assignments[budget.uuid, course.key, email]
        command = CancelAssignments(self.enterprise_uuid, _configuration_of(budget), (uuid,))
        with self.database.transaction() as session:
            assignments.cancel(session, ACTOR, command, at=at)

    def expire(self, at: datetime) -> None:
        assignments.expire_assignments(self.database, at=at)

    def redeem(self, budget: _Budget, course: Offer, email: str, at: datetime) -> None:
        """The learner is enrolled at once. The job that is enqueued finds nothing left to do."""
        enterprise_uuid = self.enterprise_uuid
        with self.database.transaction() as session:
            uuid, run_key = self._redeem(session, budget, course, email, at)
            learner = ensure_learners(session, enterprise_uuid, [email], at)[email]
            enrollment = NewEnrollment(
                enterprise_uuid, learner.id, run_key, Payer.CREDIT, transaction_uuid=uuid
            )
            record_enrollments(session, ACTOR, [enrollment], at=at)
            redemption.complete(session, ACTOR, CompleteRedemption(enterprise_uuid, uuid), at=at)

    def redeem_in_vain(self, budget: _Budget, course: Offer, email: str, at: datetime) -> None:
        with self.database.transaction() as session:
            uuid, _ = self._redeem(session, budget, course, email, at)
            failure = FailRedemption(self.enterprise_uuid, uuid, NO_ACCOUNT)
            redemption.fail(session, ACTOR, failure, at=at)

    def _redeem(
        self, session: Session, budget: _Budget, course: Offer, email: str, at: datetime
    ) -> tuple[UUID, str]:
        """The transaction, and the run that was open at that instant."""
        command = RedeemCourse(self.enterprise_uuid, budget.uuid, course.key, email)
        transaction = redemption.redeem(session, ACTOR, command, at=at)
        if transaction.courserun_key is None:
            raise ValueError(f"no run of {course.key} was open on {at:%Y-%m-%d}")
        self.transactions[budget.uuid, course.key, email] = transaction.uuid
        return transaction.uuid, transaction.courserun_key

    def reverse(self, budget: _Budget, course: Offer, email: str, at: datetime) -> None:
        uuid = self.transactions[budget.uuid, course.key, email]
        command = ReverseRedemption(self.enterprise_uuid, uuid)
        with self.database.transaction() as session:
            redemption.reverse(session, ACTOR, command, at=at)
            end_enrollments(session, ACTOR, self.enterprise_uuid, transaction_uuids=[uuid], at=at)

    def _deliver(self, at: datetime, *, is_server_away: bool) -> None:
        """Nothing is sent, whatever the settings say."""
        attempt_of = partial(_attempt, at=at, is_server_away=is_server_away)
        record_past_attempts(
            self.database, self.mail_kinds, self.enterprise_uuid, attempt_of, at=at
        )


def _configuration_of(budget: _Budget) -> UUID:
    if budget.configuration_uuid is None:
        raise ValueError("this budget assigns nothing")
    return budget.configuration_uuid


def _attempt(queued: QueuedDelivery, at: datetime, *, is_server_away: bool) -> Attempt:
    if is_server_away:
        return failed(queued, at, "the mail server is away")
    if queued.recipient == UNREACHABLE:
        return failed(queued, at, "550 5.1.1 no such mailbox", for_good=True)
    return delivered(queued, at)


def tell_story(
    database: Database,
    mail_kinds: Mapping[str, MailKind],
    enterprise: Document,
    course_keys: Sequence[str],
    now: datetime,
) -> None:
    """Nothing when something is assigned already: what users did is theirs."""
    with database.read() as connection:
        configurations = [
            UUID(policy["assignment_configuration"]["uuid"])
            for policy in enterprise["policies"]
            if "assignment_configuration" in policy
        ]
        if assignments.has_assignments(connection, configurations):
            return
        offered = _offered(Session(connection), enterprise, course_keys, now)
    story = _Story(database, mail_kinds, UUID(enterprise["uuid"]))
    emails = [learner["email"] for learner in enterprise["learners"]]
    budgets = [
        _budget(number, policy, offered) for number, policy in enumerate(enterprise["policies"])
    ]
    story.tell(list(_events(story, budgets, emails)), now)


def _offered(
    session: Session, enterprise: Document, course_keys: Sequence[str], now: datetime
) -> dict[UUID, list[Offer]]:
    """By catalog: with a price, and open from the beginning until well after now."""
    catalogs = {UUID(policy["catalog_uuid"]) for policy in enterprise["policies"]}
    pairs = [(catalog, key) for catalog in sorted(catalogs) for key in course_keys]
    before = find_offers(session, pairs, now - BEGINNING)
    offered: dict[UUID, list[Offer]] = {catalog: [] for catalog in catalogs}
    for pair, offer in find_offers(session, pairs, now).items():
        if all(_is_open(each, now) for each in (offer, before[pair])):
            offered[pair[0]].append(offer)
    return offered


def _is_open(offer: Offer, now: datetime) -> bool:
    is_known = bool(offer.price_cents) and offer.run_key is not None
    return is_known and (offer.enrollment_end is None or offer.enrollment_end > now + OPEN_FOR)


def _budget(number: int, policy: Document, offered: dict[UUID, list[Offer]]) -> _Budget:
    """Each with courses of its own choice, also where catalogs overlap."""
    catalog = UUID(policy["catalog_uuid"])
    configuration = policy.get("assignment_configuration")
    return _Budget(
        UUID(policy["uuid"]),
        None if configuration is None else UUID(configuration["uuid"]),
        catalog,
        offered[catalog][number :: len(offered)][:COURSES],
    )


def _events(story: _Story, budgets: Sequence[_Budget], emails: Sequence[str]) -> Iterator[_Event]:
    assigned = [budget for budget in budgets if budget.configuration_uuid is not None]
    for number, budget in enumerate(assigned):
        people = [*emails[number * 12 : number * 12 + 10], NEWCOMERS[number % len(NEWCOMERS)]]
        yield from _long_ago(story, budget, people, timedelta(hours=5 * number))
        yield from _lately(story, budget, people, timedelta(hours=5 * number))
    for budget in budgets:
        if budget.configuration_uuid is None:
            for days, course, email in zip((25, 14, 3), budget.courses, emails, strict=False):
                yield timedelta(days=days), partial(story.redeem, budget, course, email)
    # The mails of today are tried again and again.
    since = AWAY_FOR - timedelta(seconds=2 * _MAIL_SECONDS)
    for pause in BACKOFF[:-1]:
        since -= pause + timedelta(seconds=_MAIL_SECONDS)
        yield since, lambda _at: None


def _long_ago(
    story: _Story, budget: _Budget, people: Sequence[str], later: timedelta
) -> Iterator[_Event]:
    def days(number: float) -> timedelta:
        return timedelta(days=number) - later

    first, second = budget.courses[:2]
    yield days(100.5), partial(story.allocate, budget, first, people[:4])
    yield days(97.3), partial(story.redeem, budget, first, people[0])
    yield days(60.2), partial(story.allocate, budget, second, people[3:8])
    yield days(58.4), partial(story.redeem, budget, second, people[3])
    yield days(57.1), partial(story.redeem, budget, second, people[4])
    yield days(54.9), partial(story.redeem, budget, second, people[5])
    yield days(54.6), partial(story.redeem_in_vain, budget, second, people[6])
    yield days(45.5), partial(story.cancel, budget, second, people[7])
    yield days(41.2), partial(story.reverse, budget, second, people[5])
    yield days(10.4), story.expire


def _lately(
    story: _Story, budget: _Budget, people: Sequence[str], later: timedelta
) -> Iterator[_Event]:
    def days(number: float) -> timedelta:
        return timedelta(days=number) - later

    third, fourth, fifth = budget.courses[2:5]
    yield days(21.3), partial(story.allocate, budget, third, [people[0], *people[8:11]])
    yield days(7.2), partial(story.remind, budget, third, people[8])
    yield days(5.8), partial(story.allocate, budget, fourth, [people[1], UNREACHABLE])
    yield AWAY_FOR, partial(story.allocate, budget, fifth, [people[2]])
