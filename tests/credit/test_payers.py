"""Whoever pays for a seat, and whoever stops: there is one payer, and `bursar check` agrees."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from bursar.cli.declare import CHECKS
from bursar.credit.assignments import service as assignments
from bursar.credit.assignments.commands import AllocateCourse, CancelAllocations
from bursar.credit.models import SubsidyTransaction
from bursar.credit.policies.commands import PutPolicy, PutSubsidy
from bursar.credit.policies.service import put_policy, put_subsidy
from bursar.credit.policy_types import ASSIGNED, PER_LEARNER_ENROLLMENT, PER_LEARNER_SPEND
from bursar.credit.redemption import jobs as redemption_jobs
from bursar.credit.redemption import service as redemption
from bursar.credit.redemption.commands import RedeemCourse, ReverseRedemption
from bursar.credit.refusals import BudgetRefused
from bursar.enrollment.direct.commands import RequestEnrollments, Wish
from bursar.enrollment.direct.jobs import queue_again
from bursar.enrollment.direct.queries import unfinished_batches
from bursar.enrollment.direct.service import request_enrollments
from bursar.enrollment.direct.working import Working, work_on
from bursar.enrollment.gateway import LmsEnrollment, LmsOutcome
from bursar.enrollment.models import Enrollment
from bursar.jobs.queue import JobQueue
from bursar.learners.commands import DeclaredLearner
from bursar.learners.models import Learner
from bursar.learners.service import put_learners
from bursar.subscriptions.endings.service import end_batch
from bursar.subscriptions.licenses.refusals import NoLiveLicense
from testing.databases.lent import Lent
from testing.worlds import bulk_enrollment as world
from testing.worlds.bulk_enrollment import (
    ACME,
    ACTOR,
    ANA,
    BOB,
    INTRODUCTORY,
    OPEN,
    OTHER_PLAN,
    PLAN,
)

COURSE, SECOND, PRICE = "edX+Open", "course-v1:edX+Second+1", 1_000
SUBSIDY = UUID(int=1)
POLICIES = {
    ASSIGNED: UUID(int=2),
    PER_LEARNER_SPEND: UUID(int=3),
    PER_LEARNER_ENROLLMENT: UUID(int=4),
}
ACCOUNTS = {ANA: 501, "ana.lee@acme.example": 501, BOB: 502, "bob@second.example": 502}
"""Each learner is known by two addresses."""
LEARNERS, RUNS = tuple(ACCOUNTS), (OPEN, SECOND)
EMAIL, RUN = st.sampled_from(LEARNERS), st.sampled_from(RUNS)
CONTENT = st.sampled_from([COURSE, *RUNS])
PLANS = st.sampled_from([PLAN, OTHER_PLAN])

Seat = tuple[int, str]
"""Of an account, whichever of its addresses it was asked for by, in a run."""


def seat(email: str, run: str) -> Seat:
    return ACCOUNTS[email], run


class SeatedLms(world.Lms):
    """Knows who sits where now."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: set[Seat] = set()

    def enroll(self, seats: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        self.taken |= {seat(each.email, each.courserun_key) for each in seats}
        return super().enroll(seats)

    def end(self, seats: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        self.taken -= {seat(each.email, each.courserun_key) for each in seats}
        return super().end(seats)


class Payers(RuleBasedStateMachine):
    """Two learners, two runs, two plans, three budgets, and a client that enrolls directly."""

    lent: ClassVar[Lent]

    def __init__(self) -> None:
        super().__init__()
        self.database = self.lent.database
        self.lms = SeatedLms()

    @initialize()
    def begin(self) -> None:
        priced: dict[str, Any] = {"first_enrollable_paid_seat_price": PRICE / 100}
        with self.database.transaction() as session:
            world.build(session)
            world.stock(session, world.course("Open", **priced), world.course("Second", **priced))
            known = [
                DeclaredLearner(email=email, lms_user_id=ACCOUNTS[email]) for email in LEARNERS
            ]
            put_learners(session, ACTOR, ACME, known)
            for plan in (PLAN, OTHER_PLAN):
                world.plan(session, plan, num_licenses=9)
                world.give(session, LEARNERS, plan)
            put_subsidy(
                session,
                ACTOR,
                PutSubsidy(
                    uuid=SUBSIDY,
                    enterprise_uuid=ACME,
                    starting_balance=100 * PRICE,
                    active_datetime=world.days(-9),
                    expiration_datetime=world.days(900),
                ),
            )
            for policy_type, uuid in POLICIES.items():
                put_policy(
                    session,
                    ACTOR,
                    PutPolicy(
                        uuid=uuid,
                        enterprise_uuid=ACME,
                        policy_type=policy_type,
                        catalog_uuid=INTRODUCTORY,
                        subsidy_uuid=SUBSIDY,
                    ),
                )

    @rule(email=EMAIL, plan=PLANS)
    def give_license(self, email: str, plan: UUID) -> None:
        with self.database.transaction() as session:
            world.give(session, [email], plan)

    @rule(
        emails=st.lists(EMAIL, min_size=1, unique=True), runs=st.lists(RUN, min_size=1, unique=True)
    )
    def enroll_by_license(self, emails: list[str], runs: list[str]) -> None:
        world.run(self.database, emails, runs, lms=self.lms)

    @rule(email=EMAIL, plan=PLANS, is_ended_at_once=st.booleans())
    def revoke(self, email: str, plan: UUID, *, is_ended_at_once: bool) -> None:
        try:
            world.revoke(self.database, [email], plan)
        except NoLiveLicense:
            return
        if is_ended_at_once:
            self.end_what_licenses_paid()

    @rule()
    def end_what_licenses_paid(self) -> None:
        for plan in (PLAN, OTHER_PLAN):
            while end_batch(self.database, self.lms, plan):
                pass

    @rule(emails=st.lists(EMAIL, min_size=1, unique=True), content=CONTENT)
    def allocate(self, emails: list[str], content: str) -> None:
        command = AllocateCourse(ACME, POLICIES[ASSIGNED], content, PRICE, tuple(emails))
        with self.database.transaction() as session:
            assignments.allocate(session, ACTOR, command, tolerance_percent=5)

    @rule()
    def cancel(self) -> None:
        with self.database.transaction() as session:
            command = CancelAllocations(ACME, POLICIES[ASSIGNED])
            assignments.cancel_allocations(session, ACTOR, command)

    @rule(email=EMAIL, content=CONTENT, policy=st.sampled_from(sorted(POLICIES.values())))
    def redeem(self, email: str, content: str, policy: UUID) -> None:
        run = OPEN if content == COURSE else content
        is_taken = seat(email, run) in self.live() or seat(email, run) in self.standing()
        try:
            with self.database.transaction() as session:
                command = RedeemCourse(ACME, policy, content, email, None)
                redemption.redeem(session, ACTOR, command)
        except BudgetRefused:
            return
        assert not is_taken

    @rule()
    def settle(self) -> None:
        """The jobs of all redemptions that are under way."""
        for transaction in self.in_state("created"):
            redemption_jobs._enroll_in_lms(self.database, self.lms, ACME, transaction)
            redemption_jobs._settle(self.database, ACME, transaction, None)

    @rule(number=st.integers(0, 3), is_ended_at_once=st.booleans())
    def reverse(self, number: int, *, is_ended_at_once: bool) -> None:
        committed = self.in_state("committed")
        if not committed:
            return
        with self.database.transaction() as session:
            command = ReverseRedemption(ACME, committed[number % len(committed)])
            redemption.reverse(session, ACTOR, command)
        if is_ended_at_once:
            self.end_what_credit_paid()

    @rule()
    def end_what_credit_paid(self) -> None:
        """The jobs of all reversals, also of those that were done before: jobs may run twice."""
        for transaction in self.in_state("reversed"):
            redemption_jobs._end_in_lms(self.database, self.lms, ACME, transaction)
            redemption_jobs._record_end(self.database, ACME, transaction)

    @rule(email=EMAIL, run=RUN, is_active=st.booleans())
    def enroll_directly(self, email: str, run: str, *, is_active: bool) -> None:
        with self.database.transaction() as session:
            command = RequestEnrollments(ACME, (Wish(run, email, is_active=is_active),))
            request_enrollments(session, ACTOR, command, asks_lms=False)
        queue = JobQueue(self.database)
        working = Working(self.database, self.lms, queue_again(queue), "https://lms.example")
        with self.database.transaction() as session:
            batches = list(unfinished_batches(session))
        for batch in batches:
            while work_on(working, batch, 100):
                pass

    def in_state(self, state: str) -> list[UUID]:
        with self.database.transaction() as session:
            statement = select(SubsidyTransaction.uuid).where(SubsidyTransaction.state == state)
            return list(session.scalars(statement.order_by(SubsidyTransaction.uuid)))

    def standing(self) -> Counter[Seat]:
        """How many transactions pay for a seat, or are about to."""
        columns = SubsidyTransaction.__table__.c
        statement = select(columns.learner_email, columns.courserun_key).where(
            columns.state.in_(["created", "committed"])
        )
        with self.database.read() as connection:
            return Counter(seat(row[0], row[1]) for row in connection.execute(statement))

    def live(self) -> dict[Seat, str]:
        """Who pays for each seat: a license, a transaction, or nobody, as a client enrolled the
        learner by one address or both."""
        columns = Enrollment.__table__.c
        statement = (
            select(
                Learner.email, columns.courserun_key, columns.license_uuid, columns.transaction_uuid
            )
            .join_from(Enrollment, Learner, Learner.id == columns.learner_id)
            .where(columns.unenrolled_at.is_(None))
        )
        with self.database.read() as connection:
            rows = connection.execute(statement).all()
        assert len({(row[0], row[1]) for row in rows}) == len(rows)
        paid = {seat(row[0], row[1]): str(row[2] or row[3]) for row in rows if row[2] or row[3]}
        assert len(paid) == sum(bool(row[2] or row[3]) for row in rows)
        return {seat(row[0], row[1]): "" for row in rows} | paid

    @invariant()
    def a_seat_has_one_payer(self) -> None:
        live, standing = self.live(), self.standing()
        assert set(standing.values()) <= {1}
        committed = {str(uuid) for uuid in self.in_state("committed")}
        assert committed <= set(live.values())
        assert list(self.problems()) == []

    def problems(self) -> Iterator[str]:
        with self.database.transaction() as session:
            yield from chain.from_iterable(check(session) for check in CHECKS)

    def teardown(self) -> None:
        try:
            self.settle()
            self.end_what_licenses_paid()
            self.end_what_credit_paid()
            self.a_seat_has_one_payer()
            assert self.lms.taken == self.live().keys()
        finally:
            self.lent.take_back()


def test_a_seat_has_one_payer_whatever_is_done(lent: Lent) -> None:
    looked = settings(max_examples=20 if lent.database.is_sqlite else 4, stateful_step_count=25)
    machine = type("PayersOfThisDatabase", (Payers,), {"lent": lent})
    run_state_machine_as_test(machine, settings=looked)
