"""Why a budget does not allocate; nothing changes then."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from bursar.api.budget_refusals import REFUSALS
from bursar.credit.policies.commands import DeclaredConfiguration
from bursar.credit.policy_types import PER_LEARNER_SPEND
from bursar.credit.refusals import BudgetRefused
from bursar.database.engine import Database
from testing.worlds.budgets import COURSE, DAY, NOW, PRICED, PRICED_RUN, Budget, open_budget
from testing.worlds.catalog import program

ANA, BEN = "ana@example.com", "ben@example.com"


def refusal(budget: Budget, *emails: str, **wish: Any) -> Any:
    """The one reason, after making sure that it changed nothing."""
    before = budget.figures, budget.rows(), len(budget.mails()), budget.audited()
    with pytest.raises(BudgetRefused) as caught:
        budget.allocate(*emails or (ANA,), **wish)
    assert (budget.figures, budget.rows(), len(budget.mails()), budget.audited()) == before
    kind = next(known for known in type(caught.value).__mro__ if known in REFUSALS)
    answer = REFUSALS[kind](caught.value)
    assert answer.status == 422
    (reason,) = answer.body
    assert reason["reason"] == caught.value.reason
    assert reason["policy_uuids"] == [str(budget.policy_uuid)]
    assert reason["user_message"]
    return reason


def test_a_budget_of_another_type_assigns_nothing(database: Database) -> None:
    budget = open_budget(database, policy_type=PER_LEARNER_SPEND, per_learner_spend_limit=1)
    assert refusal(budget)["reason"] == "policy_not_assignable"


def test_an_inactive_configuration_assigns_nothing(database: Database) -> None:
    budget = open_budget(database)
    deactivate(budget)
    assert refusal(budget)["reason"] == "policy_not_assignable"


@pytest.mark.parametrize("fields", [{"active": False}, {"retired": True}])
def test_an_inactive_or_retired_budget_is_over(database: Database, fields: dict[str, bool]) -> None:
    assert refusal(open_budget(database, **fields))["reason"] == "policy_expired"


def test_a_subsidy_pays_from_its_first_instant_until_before_its_last(database: Database) -> None:
    end = NOW + 10 * DAY
    budget = open_budget(database, subsidy_active_datetime=NOW, subsidy_expiration_datetime=end)
    for outside in (NOW - DAY / 1000, end):
        assert refusal(budget, now=outside)["reason"] == "subsidy_expired"
    assert budget.allocate(ANA, now=NOW).created


def test_only_courses_and_runs_of_the_catalog_are_assigned(database: Database) -> None:
    budget = open_budget(database)
    budget.publish(program(7))
    for key in (program(7)["uuid"], "edX+Elsewhere", "course-v1:edX+Any+2", "edx+any", "%"):
        assert refusal(budget, key=key)["reason"] == "content_not_in_catalog"
    assert budget.allocate(ANA, key="course-v1:edX+Any+1").created


@pytest.mark.parametrize("key", [PRICED, PRICED_RUN])
def test_a_price_within_five_percent_of_the_known_one_passes(database: Database, key: str) -> None:
    budget = open_budget(database)
    for price in (9499, 10_501, 0):
        assert refusal(budget, key=key, price=price) == {
            "reason": "PriceValidationError",
            "user_message": "The given price is too far from the price of this course.",
            "policy_uuids": [str(budget.policy_uuid)],
            "metadata": {
                "expected_price_cents": 10_000,
                "minimum_price_cents": 9500,
                "maximum_price_cents": 10_500,
            },
        }
    for number, price in enumerate((9500, 10_000, 10_500)):
        assert budget.allocate(f"p{number}@example.com", key=key, price=price).created
    assert budget.figures == (0, 30_000, 70_000)


@pytest.mark.parametrize("price", [0, 1, 99_999])
def test_any_price_passes_when_none_is_known(database: Database, price: int) -> None:
    budget = open_budget(database)
    assert budget.allocate(ANA, price=price).created[0].content_quantity == -price


def test_the_subsidy_is_short_before_the_limit_is_reached(database: Database) -> None:
    budget = open_budget(database, deposit=1000, spend_limit=900)
    assert refusal(budget, price=1001)["reason"] == "not_enough_value_in_subsidy"
    assert refusal(budget, price=901)["reason"] == "policy_spend_limit_reached"
    assert refusal(budget, ANA, BEN, price=451)["reason"] == "policy_spend_limit_reached"
    assert refusal(budget, price=2**63 - 1)["reason"] == "not_enough_value_in_subsidy"


def test_a_sibling_takes_from_the_same_subsidy(database: Database) -> None:
    budget = open_budget(database, deposit=1000)
    budget.sibling(spend_limit=700).allocate(ANA, price=600)
    assert refusal(budget, price=401)["reason"] == "not_enough_value_in_subsidy"
    assert budget.allocate(ANA, price=400).created
    assert budget.problems() == []


def deactivate(budget: Budget) -> None:
    assert budget.configuration_uuid is not None
    inactive = DeclaredConfiguration(budget.configuration_uuid, active=False)
    budget.change_policy(assignment_configuration=inactive)


def retire(budget: Budget) -> None:
    budget.change_policy(retired=True)


def end_subsidy(budget: Budget) -> None:
    budget.change_subsidy(expiration_datetime=NOW - DAY)


def test_of_several_reasons_the_first_is_told(database: Database) -> None:
    """From the last to the first, each joining those that are there already."""
    budget = open_budget(database, deposit=50, spend_limit=40)
    seen = [refusal(budget, price=45)["reason"]]
    seen.append(refusal(budget, price=100)["reason"])
    seen.append(refusal(budget, key=PRICED, price=100)["reason"])
    seen.append(refusal(budget, key="edX+Elsewhere", price=100)["reason"])
    steps: tuple[Callable[[Budget], None], ...] = (end_subsidy, retire, deactivate)
    for spoil in steps:
        spoil(budget)
        seen.append(refusal(budget, key="edX+Elsewhere", price=100)["reason"])
    assert seen == [
        "policy_spend_limit_reached",
        "not_enough_value_in_subsidy",
        "PriceValidationError",
        "content_not_in_catalog",
        "subsidy_expired",
        "policy_expired",
        "policy_not_assignable",
    ]


def test_a_limit_below_what_is_allocated_leaves_nothing(database: Database) -> None:
    budget = open_budget(database)
    budget.assign(price=500)
    budget.change_policy(spend_limit=300)
    assert budget.figures == (0, 500, 0)
    assert refusal(budget, BEN, price=1)["reason"] == "policy_spend_limit_reached"
    assert budget.allocate(ANA, price=1).no_change
    assert budget.allocate(BEN, price=0).created


def test_the_catalog_that_counts_is_the_one_under_the_lock(database: Database) -> None:
    budget = open_budget(database)
    assert budget.allocate(ANA, key=COURSE, catalog_uuid=uuid4()).created
    assert budget.allocate(BEN, key=COURSE, catalog_uuid=None).created
