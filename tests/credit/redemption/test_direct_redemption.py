"""Redemption from the budgets that limit what one learner takes."""

from typing import Any

import pytest

from bursar.credit.policy_types import PER_LEARNER_ENROLLMENT, PER_LEARNER_SPEND
from bursar.credit.refusals import BudgetRefused
from bursar.database.engine import Database
from testing.worlds.budgets import (
    COURSE,
    PRICED,
    PRICED_RUN,
    Budget,
    course_until,
    open_budget,
)

ANA, BEN = "ana@example.com", "ben@example.com"
BOTH = pytest.mark.parametrize("policy_type", [PER_LEARNER_SPEND, PER_LEARNER_ENROLLMENT])


def priced(budget: Budget, *names: str) -> list[str]:
    budget.publish(
        *(course_until(None, name, first_enrollable_paid_seat_price=100) for name in names)
    )
    return [f"edX+{name}" for name in names]


def refusal(budget: Budget, *args: Any, **wish: Any) -> str:
    before = budget.figures, budget.transactions()
    with pytest.raises(BudgetRefused) as caught:
        budget.redeem(*args, **wish)
    assert (budget.figures, budget.transactions()) == before
    return caught.value.reason


@BOTH
def test_a_direct_redemption_takes_the_known_price(database: Database, policy_type: str) -> None:
    budget = open_budget(database, policy_type=policy_type)
    transaction = budget.redeem(ANA, key=PRICED)
    assert budget.figures == (10_000, 0, 90_000)
    stored = budget.transaction(transaction)
    assert (stored.state, stored.quantity, stored.assignment_uuid) == ("created", -10_000, None)
    assert (stored.courserun_key, stored.learner_email) == (PRICED_RUN, ANA)
    budget.complete(transaction)
    assert budget.figures == (10_000, 0, 90_000)
    budget.reverse(transaction)
    assert budget.figures == (0, 0, 100_000)
    assert budget.problems() == []


@BOTH
def test_a_direct_redemption_that_fails_gives_the_money_back(
    database: Database, policy_type: str
) -> None:
    budget = open_budget(database, policy_type=policy_type)
    budget.fail(budget.redeem(ANA, key=PRICED))
    assert budget.figures == (0, 0, 100_000)
    assert budget.problems() == []
    assert budget.redeem(ANA, key=PRICED)


@BOTH
def test_a_direct_budget_refuses_what_it_cannot_price_or_pay(
    database: Database, policy_type: str
) -> None:
    budget = open_budget(database, policy_type=policy_type, deposit=25_000, spend_limit=10_000)
    (second,) = priced(budget, "Second")
    assert refusal(budget, ANA, key="edX+Elsewhere") == "content_not_in_catalog"
    assert refusal(budget, ANA, key=COURSE) == "price_unknown"
    budget.redeem(ANA, key=PRICED)
    assert refusal(budget, ANA, key=PRICED_RUN) == "already_enrolled"
    assert refusal(budget, ANA, key=second) == "policy_spend_limit_reached"
    budget.change_policy(spend_limit=25_000)
    budget.sibling(policy_type=policy_type).redeem(BEN, key=PRICED)
    assert refusal(budget, ANA, key=second) == "not_enough_value_in_subsidy"
    assert budget.problems() == []


def test_a_direct_redemption_leaves_what_others_have_allocated(database: Database) -> None:
    budget = open_budget(database, policy_type=PER_LEARNER_SPEND, deposit=10_099)
    assigning = budget.sibling()
    assigning.assign(price=100)
    assert refusal(budget, BEN, key=PRICED) == "not_enough_value_in_subsidy"
    assigning.cancel(assigning.rows()[0].uuid)
    assert budget.redeem(BEN, key=PRICED)


@pytest.mark.parametrize(("limit", "reached"), [(20_000, True), (20_001, True), (30_000, False)])
def test_a_learner_spends_up_to_the_limit(database: Database, limit: int, *, reached: bool) -> None:
    budget = open_budget(database, policy_type=PER_LEARNER_SPEND, per_learner_spend_limit=limit)
    second, third = priced(budget, "Second", "Third")
    first = budget.redeemed(ANA, key=PRICED)
    budget.redeem(ANA, key=second)
    assert budget.redeem(BEN, key=third)
    if not reached:
        assert budget.redeem(ANA, key=third)
        return
    assert refusal(budget, ANA, key=third) == "learner_max_spend_reached"
    budget.reverse(first)
    assert budget.redeem(ANA, key=third)


def test_a_learner_enrolls_up_to_the_limit(database: Database) -> None:
    budget = open_budget(
        database, policy_type=PER_LEARNER_ENROLLMENT, per_learner_enrollment_limit=2
    )
    second, third = priced(budget, "Second", "Third")
    budget.redeemed(ANA, key=PRICED)
    failing = budget.redeem(ANA, key=second)
    assert refusal(budget, ANA, key=third) == "learner_max_enrollments_reached"
    assert budget.redeem(BEN, key=third)
    budget.fail(failing)
    assert budget.redeem(ANA, key=third)


def test_a_limit_of_nothing_lets_nobody_in(database: Database) -> None:
    spend = open_budget(database, policy_type=PER_LEARNER_SPEND, per_learner_spend_limit=0)
    assert refusal(spend, ANA, key=PRICED) == "learner_max_spend_reached"
    enrolling = open_budget(
        database, policy_type=PER_LEARNER_ENROLLMENT, per_learner_enrollment_limit=0
    )
    assert refusal(enrolling, ANA, key=PRICED) == "learner_max_enrollments_reached"


def test_two_addresses_of_one_account_share_its_limits(database: Database) -> None:
    budget = open_budget(
        database, policy_type=PER_LEARNER_ENROLLMENT, per_learner_enrollment_limit=1
    )
    budget.know([(ANA, 7), (BEN, 7)])
    (second,) = priced(budget, "Second")
    budget.redeemed(ANA, key=PRICED)
    assert refusal(budget, BEN, key=second) == "learner_max_enrollments_reached"
    assert refusal(budget, None, user=7, key=PRICED) == "already_enrolled"
