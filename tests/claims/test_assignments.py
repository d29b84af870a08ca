"""Assignments as claims, on both databases."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from bursar.actors import Actor
from bursar.claims.service import ClaimRefused, ClaimView, UnknownClaim, accept, look
from bursar.claims.tokens import Claim, ClaimKind
from bursar.claims.views import ClaimState, Obstacle
from bursar.credit.models import Policy
from bursar.credit.redemption import service as redemption
from bursar.credit.refusals import BudgetRefused
from bursar.database.engine import Database
from bursar.identity.service import set_suspended
from bursar.people.service import erase_person
from testing.databases.statements import statements_of
from testing.together import at_once
from testing.worlds.budgets import DAY, NOW, RUN, Budget, course_until, open_budget
from testing.worlds.catalog import ENTERPRISE

ACTOR = Actor("claim page")
ANA = "ana@example.com"


@pytest.fixture
def budget(database: Database) -> Budget:
    return open_budget(database)


def claim_of(uuid: UUID, issued: datetime = NOW) -> Claim:
    return Claim(ClaimKind.ASSIGNMENT, uuid, issued.replace(microsecond=0))


def seen(budget: Budget, claim: Claim, now: datetime = NOW) -> ClaimView:
    with budget.database.read() as connection:
        return look(connection, claim, at=now)


def taken(budget: Budget, claim: Claim, now: datetime = NOW) -> ClaimView:
    with budget.database.transaction() as session:
        return accept(session, ACTOR, claim, at=now)


def state_of(
    budget: Budget, claim: Claim, now: datetime = NOW
) -> tuple[ClaimState, Obstacle | None]:
    view = seen(budget, claim, now)
    return view.state, view.obstacle


def test_what_is_offered_is_taken_once_and_then_is_so(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    view = seen(budget, claim)
    assert (view.state, view.title, view.enterprise_name) == ("offered", "Any", "A")
    assert taken(budget, claim).state is ClaimState.UNDER_WAY
    assert budget.transactions() == 1
    assert taken(budget, claim).state is ClaimState.UNDER_WAY
    assert budget.transactions() == 1
    budget.complete(budget.row(claim.subject_uuid).transaction_uuid)
    for view in (seen(budget, claim), taken(budget, claim)):
        assert (view.state, view.run_key) == (ClaimState.DONE, RUN)
    assert budget.figures == (100, 0, 99_900)
    assert budget.problems() == []


def test_looking_changes_nothing(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    before = budget.rows(), budget.audited(), budget.figures
    for _ in range(3):
        seen(budget, claim)
    assert (budget.rows(), budget.audited(), budget.figures) == before


def test_of_two_who_take_at_once_both_are_told_that_it_is_so(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    views = at_once([lambda: taken(budget, claim)] * 2)
    assert {view.state for view in views} == {ClaimState.UNDER_WAY}
    assert budget.transactions() == 1
    assert budget.problems() == []


def test_what_another_device_takes_while_it_is_looked_at_is_not_refused(
    budget: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = claim_of(budget.assign(ANA))
    decide = redemption.why_refused

    def decide_late(*arguments: Any, **named: Any) -> BudgetRefused | None:
        if budget.transactions() == 0:
            budget.redeem(ANA)
        return decide(*arguments, **named)

    monkeypatch.setattr(redemption, "why_refused", decide_late)
    view = seen(budget, claim)
    # SQLite shows one state of the database to all statements of a look, and PostgreSQL the newest.
    assert view.state in {ClaimState.OFFERED, ClaimState.UNDER_WAY}


def test_a_redeemed_assignment_of_the_api_is_seen_too(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    budget.redeemed(ANA)
    assert seen(budget, claim).state is ClaimState.DONE


def test_a_claim_of_nothing_is_unknown(budget: Budget) -> None:
    for claim in (claim_of(uuid4()), Claim(ClaimKind.LICENSE, budget.assign(ANA), NOW)):
        with pytest.raises(UnknownClaim):
            seen(budget, claim)
        with pytest.raises(UnknownClaim):
            taken(budget, claim)


def is_refused(budget: Budget, claim: Claim, now: datetime = NOW) -> bool:
    before = budget.transactions()
    with pytest.raises(ClaimRefused):
        taken(budget, claim, now)
    return budget.transactions() == before


def test_what_was_cancelled_is_over(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    budget.cancel(claim.subject_uuid)
    assert state_of(budget, claim) == (ClaimState.OVER, Obstacle.WITHDRAWN)
    assert is_refused(budget, claim)


def test_what_was_allocated_anew_has_a_new_link(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    budget.cancel(claim.subject_uuid)
    budget.allocate(ANA, now=NOW + DAY)
    assert state_of(budget, claim, NOW + DAY) == (ClaimState.OVER, Obstacle.RENEWED)
    assert is_refused(budget, claim, NOW + DAY)
    assert taken(budget, claim_of(claim.subject_uuid, NOW + DAY), NOW + DAY).state == "under way"


def test_what_has_expired_is_over_once_noted_and_refused_before(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    late = NOW + 91 * DAY
    assert state_of(budget, claim, late) == (ClaimState.REFUSED, Obstacle.EXPIRED)
    assert is_refused(budget, claim, late)
    budget.expire(late)
    assert state_of(budget, claim, late) == (ClaimState.OVER, Obstacle.EXPIRED)


def test_what_was_reversed_or_failed_is_over(budget: Budget) -> None:
    reversed_ = claim_of(budget.assign(ANA))
    transaction = budget.redeemed(ANA)
    budget.reverse(transaction)
    assert state_of(budget, reversed_) == (ClaimState.OVER, Obstacle.WITHDRAWN)
    failed = claim_of(budget.assign("ben@example.com"))
    budget.fail(budget.redeem("ben@example.com"))
    assert state_of(budget, failed) == (ClaimState.OVER, Obstacle.FAILED)


def test_a_budget_that_is_closed_or_over_does_not_pay(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    budget.change_subsidy(expiration_datetime=NOW + DAY)
    view = seen(budget, claim, NOW + 2 * DAY)
    assert (view.state, view.obstacle) == (ClaimState.REFUSED, Obstacle.BUDGET_ENDED)
    assert view.obstacle_at == NOW + DAY
    budget.change_subsidy(active_datetime=NOW + 3 * DAY, expiration_datetime=NOW + 9 * DAY)
    assert state_of(budget, claim) == (ClaimState.REFUSED, Obstacle.BUDGET_NOT_STARTED)
    with budget.database.transaction() as session:
        session.execute(update(Policy).values(active=False))
    assert state_of(budget, claim) == (ClaimState.REFUSED, Obstacle.BUDGET_CLOSED)
    assert is_refused(budget, claim)


def test_a_course_that_is_gone_or_closed_meanwhile(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    budget.publish(course_until(NOW - timedelta(hours=1)))
    assert state_of(budget, claim)[0] is ClaimState.REFUSED
    assert is_refused(budget, claim)


def test_who_is_enrolled_otherwise_is_told_so(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    budget.sibling().assign(ANA)
    other = budget.sibling()
    other.assign(ANA)
    other.redeemed(ANA)
    assert state_of(budget, claim) == (ClaimState.REFUSED, Obstacle.ENROLLED_OTHERWISE)


def test_of_a_suspended_enterprise_nothing_can_be_taken(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    with budget.database.transaction() as session:
        set_suspended(session, ACTOR, ENTERPRISE, NOW, suspended=True)
    assert state_of(budget, claim) == (ClaimState.REFUSED, Obstacle.PAUSED)
    assert is_refused(budget, claim)


def test_the_link_of_somebody_who_was_erased_leads_nowhere(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    budget.finish_mails()
    with budget.database.transaction() as session:
        erase_person(session, ACTOR, ENTERPRISE, ANA, NOW)
    with pytest.raises(UnknownClaim):
        seen(budget, claim)


def test_a_page_costs_a_few_statements(budget: Budget) -> None:
    claim = claim_of(budget.assign(ANA))
    with statements_of(budget.database) as statements:
        seen(budget, claim)
    assert len(statements) <= 12
