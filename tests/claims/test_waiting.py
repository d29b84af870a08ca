"""Learners without an account in the LMS; on both databases."""

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
from sqlalchemy import func, select

from bursar.actors import Actor
from bursar.claim_pages.forms import Form
from bursar.claim_pages.work import ClaimWork, Taken
from bursar.claims.models import WaitingClaim
from bursar.claims.refusals import ClaimRefused
from bursar.claims.service import look
from bursar.claims.tokens import Claim, ClaimKind
from bursar.claims.views import ClaimState
from bursar.claims.waiting import finish_waiting, is_any_waiting, tasks
from bursar.clock import frozen_at
from bursar.database.engine import Database
from bursar.enrollment.bulk.models import BulkEnrollmentJob
from bursar.enrollment.gateway import LmsUnavailable
from bursar.settings import Settings
from testing.worlds.budgets import NOW, Budget, open_budget
from testing.worlds.catalog import CATALOG
from testing.worlds.subscriptions import PLAN, assign, licenses_of, plan

ACTOR = Actor("claim page")
ANA, BEN = "ana@example.com", "ben@example.com"


@dataclass
class Lms:
    """Who has an account; None: it does not answer."""

    known: set[str] | None = field(default_factory=set)
    asked: list[set[str]] = field(default_factory=list)

    def accounts_among(self, emails: Collection[str]) -> set[str]:
        self.asked.append(set(emails))
        if self.known is None:
            raise LmsUnavailable("away")
        return self.known & set(emails)

    def close(self) -> None:
        pass


@pytest.fixture
def budget(database: Database) -> Budget:
    return open_budget(database)


@pytest.fixture
def lms() -> Lms:
    return Lms()


def taken(budget: Budget, lms: Lms, claim: Claim, form: Form | None = None) -> Taken:
    with frozen_at(NOW):
        return ClaimWork(budget.database, lambda: lms).take(ACTOR, claim, form or Form())


def state(budget: Budget, claim: Claim) -> ClaimState:
    with budget.database.read() as connection:
        return look(connection, claim, at=NOW).state


def finished(budget: Budget, lms: Lms) -> dict[str, int]:
    with frozen_at(NOW):
        return finish_waiting(budget.database, lms, has_lms=True)


def rows(database: Database) -> int:
    with database.read() as connection:
        counted = select(func.count()).select_from(WaitingClaim)
        return int(connection.execute(counted).scalar_one())


def assigned(budget: Budget, email: str = ANA) -> Claim:
    return Claim(ClaimKind.ASSIGNMENT, budget.assign(email), NOW)


def licensed(budget: Budget) -> Claim:
    with budget.database.transaction() as session:
        plan(session, enterprise_catalog_uuid=CATALOG)
        assign(session, [ANA])
        (license_,) = licenses_of(session, PLAN, "assigned")
        return Claim(ClaimKind.LICENSE, license_.uuid, NOW)


def test_what_is_taken_waits_and_is_finished_when_the_account_is_there(
    budget: Budget, lms: Lms
) -> None:
    claim = assigned(budget)
    assert taken(budget, lms, claim).is_waiting
    assert taken(budget, lms, claim).is_waiting
    assert (state(budget, claim), budget.transactions()) == (ClaimState.WAITING, 0)
    assert finished(budget, lms) == {"finished": 0, "given up": 0, "waiting": 1}
    lms.known = {ANA}
    assert finished(budget, lms) == {"finished": 1, "given up": 0, "waiting": 0}
    assert (state(budget, claim), budget.transactions()) == (ClaimState.UNDER_WAY, 1)
    assert finished(budget, lms) == {"finished": 0, "given up": 0, "waiting": 0}
    assert not is_any_waiting(budget.database)
    assert budget.problems() == []


def test_whoever_comes_again_with_an_account_does_not_wait(budget: Budget, lms: Lms) -> None:
    claim = assigned(budget)
    taken(budget, lms, claim)
    lms.known = {ANA}
    assert not taken(budget, lms, claim).is_waiting
    assert budget.transactions() == 1
    assert rows(budget.database) == 0


def test_an_account_that_is_known_is_not_asked_for(budget: Budget, lms: Lms) -> None:
    claim = assigned(budget)
    budget.know([(ANA, 7)])
    assert not taken(budget, lms, claim).is_waiting
    assert lms.asked == []


def test_while_the_lms_does_not_answer_nothing_is_taken_and_nothing_is_lost(
    budget: Budget, lms: Lms
) -> None:
    claim = assigned(budget)
    lms.known = None
    with pytest.raises(LmsUnavailable):
        taken(budget, lms, claim)
    assert (state(budget, claim), rows(budget.database)) == (ClaimState.OFFERED, 0)
    lms.known = set()
    taken(budget, lms, claim)
    lms.known = None
    assert finished(budget, lms) == {"finished": 0, "given up": 0, "waiting": 1}


def test_what_is_taken_back_meanwhile_is_given_up(budget: Budget, lms: Lms) -> None:
    claim = assigned(budget)
    other = assigned(budget, BEN)
    for each in (claim, other):
        taken(budget, lms, each)
    budget.cancel(claim.subject_uuid)
    assert finished(budget, lms) == {"finished": 0, "given up": 1, "waiting": 1}
    lms.known = {ANA, BEN}
    assert finished(budget, lms) == {"finished": 1, "given up": 0, "waiting": 0}
    assert rows(budget.database) == 0
    with pytest.raises(ClaimRefused):
        taken(budget, lms, claim)


def test_a_license_is_activated_at_once_and_its_course_waits(budget: Budget, lms: Lms) -> None:
    claim = licensed(budget)
    assert not taken(budget, lms, claim).is_waiting
    assert lms.asked == []
    assert taken(budget, lms, claim, Form(course_key="edX+Any")).is_waiting
    with budget.database.read() as connection:
        assert look(connection, claim, at=NOW).is_waiting
    lms.known = {ANA}
    assert finished(budget, lms)["finished"] == 1
    with budget.database.read() as connection:
        jobs = connection.execute(select(BulkEnrollmentJob.emails)).all()
    assert [job.emails for job in jobs] == [[ANA]]


@pytest.mark.parametrize("key", ["edX+Unknown", "\x00"])
def test_nobody_waits_for_a_course_that_is_not_to_be_had(
    budget: Budget, lms: Lms, key: str
) -> None:
    claim = licensed(budget)
    taken(budget, lms, claim)
    with pytest.raises(ClaimRefused):
        taken(budget, lms, claim, Form(course_key=key))
    assert rows(budget.database) == 0


def test_whoever_has_the_seat_but_no_account_is_sent_to_register_for_it(
    budget: Budget, lms: Lms
) -> None:
    claim = assigned(budget)
    budget.redeemed(ANA)
    again = taken(budget, lms, claim)
    assert (again.is_waiting, again.view.state) == (True, ClaimState.DONE)
    assert (rows(budget.database), budget.transactions()) == (0, 1)


def test_the_task_finishes_what_waits(budget: Budget, lms: Lms) -> None:
    taken(budget, lms, assigned(budget))
    lms.known = {ANA}
    (task,) = tasks(lambda _settings: lms)
    with frozen_at(NOW):
        counts = task.function(budget.database, Settings())
    assert counts == {"finished": 1, "given up": 0, "waiting": 0}
