"""Redemption of assignments, and how transactions end."""

from typing import Any

import pytest
from sqlalchemy import text

from bursar.credit.assignments.refusals import AssignmentsInWrongState
from bursar.credit.redemption.refusals import TransactionNotCommitted
from bursar.credit.refusals import BudgetRefused
from bursar.database.engine import Database
from bursar.jobs.names import SCHEMA
from testing.worlds.budgets import (
    COURSE,
    DAY,
    NOW,
    RUN,
    Budget,
    course_until,
    open_budget,
)
from testing.worlds.catalog import course

ANA, BEN = "ana@example.com", "ben@example.com"


def refusal(budget: Budget, *args: Any, **wish: Any) -> str:
    """The reason, after making sure that it changed nothing."""
    before = budget.figures, budget.rows(), budget.transactions(), budget.audited()
    with pytest.raises(BudgetRefused) as caught:
        budget.redeem(*args, **wish)
    assert (budget.figures, budget.rows(), budget.transactions(), budget.audited()) == before
    return caught.value.reason


def test_money_counts_as_redeemed_at_once_and_for_good_when_committed(database: Database) -> None:
    budget = open_budget(database, deposit=1000, spend_limit=500)
    uuid = budget.assign(price=300)
    assert budget.figures == (0, 300, 200)
    transaction = budget.redeem()
    assert budget.figures == (300, 0, 200)
    assert (budget.row(uuid).state, budget.row(uuid).transaction_uuid) == ("allocated", transaction)
    assert budget.actions(uuid) == []
    assert budget.problems() == []
    budget.complete(transaction, NOW + DAY)
    row = budget.row(uuid)
    assert (row.state, row.learner_state, row.transaction_uuid) == ("accepted", None, transaction)
    assert [action.action_type for action in budget.actions(uuid)] == ["redeemed"]
    assert budget.figures == (300, 0, 200)
    stored = budget.transaction(transaction)
    assert (stored.state, stored.quantity, stored.modified) == ("committed", -300, NOW + DAY)
    assert (stored.courserun_key, stored.assignment_uuid) == (RUN, uuid)
    assert budget.problems() == []


def test_a_failed_redemption_gives_the_money_back(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign(price=300)
    transaction = budget.redeem()
    budget.fail(transaction)
    assert budget.figures == (0, 0, 100_000)
    row = budget.row(uuid)
    assert (row.state, row.learner_state, row.transaction_uuid) == ("errored", "failed", None)
    (action,) = budget.actions(uuid)
    assert (action.action_type, action.completed_at, action.error_reason) == (
        "redeemed",
        None,
        "enrollment_error",
    )
    stored = budget.transaction(transaction)
    assert (stored.state, stored.error) == ("failed", "no seat")
    assert budget.problems() == []


def test_a_reversed_redemption_gives_the_money_back(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign(price=300)
    transaction = budget.redeemed()
    budget.reverse(transaction)
    assert (budget.row(uuid).state, budget.figures) == ("reversed", (0, 0, 100_000))
    assert budget.row(uuid).transaction_uuid == transaction
    assert [action.action_type for action in budget.actions(uuid)] == ["redeemed", "reversed"]
    assert budget.transaction(transaction).state == "reversed"
    assert budget.problems() == []


@pytest.mark.parametrize("end", ["complete", "fail"])
def test_what_is_settled_stays_as_it_is(database: Database, end: str) -> None:
    budget = open_budget(database)
    budget.assign(price=300)
    transaction = budget.redeem()
    getattr(budget, end)(transaction)
    before = budget.figures, budget.rows(), budget.audited(), budget.transaction(transaction)
    for again in (budget.complete, budget.fail):
        again(transaction, NOW + DAY)
    after = budget.figures, budget.rows(), budget.audited(), budget.transaction(transaction)
    assert after == before


def test_only_a_committed_transaction_is_reversed_and_once(database: Database) -> None:
    budget = open_budget(database)
    budget.assign(price=300)
    created = budget.redeem()
    with pytest.raises(TransactionNotCommitted) as caught:
        budget.reverse(created)
    assert caught.value.state == "created"
    budget.complete(created)
    budget.reverse(created)
    with pytest.raises(TransactionNotCommitted):
        budget.reverse(created)
    budget.complete(created)
    budget.fail(created)
    assert budget.figures == (0, 0, 100_000)
    assert budget.problems() == []


def test_while_a_redemption_is_under_way_nothing_else_happens(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign(price=300)
    budget.redeem()
    assert refusal(budget) == "redemption_in_progress"
    with pytest.raises(AssignmentsInWrongState):
        budget.cancel(uuid)
    assert budget.expire(NOW + 400 * DAY)["expired"] == 0
    assert budget.allocate(ANA, price=1).no_change
    assert (budget.states(), budget.figures) == ({ANA: "allocated"}, (300, 0, 99_700))


def test_an_assignment_is_redeemed_once(database: Database) -> None:
    budget = open_budget(database)
    budget.assign()
    budget.redeemed()
    assert refusal(budget) == "already_enrolled"


def test_only_what_is_assigned_to_the_learner_is_redeemed(database: Database) -> None:
    budget = open_budget(database)
    budget.publish(course_until(None, "More"))
    budget.assign(ANA)
    assert refusal(budget, BEN) == "assignment_not_found"
    assert refusal(budget, ANA, key="edX+More") == "assignment_not_found"
    assert refusal(budget, None, user=7) == "learner_unknown"
    other = open_budget(database)
    assert refusal(other, ANA) == "assignment_not_found"


def test_what_ended_is_not_redeemed(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.cancel(uuid)
    assert refusal(budget) == "assignment_not_allocated"
    budget.allocate(ANA)
    budget.expire(NOW + 90 * DAY)
    assert refusal(budget) == "assignment_expired"
    budget.allocate(ANA)
    budget.reverse(budget.redeemed())
    assert refusal(budget) == "assignment_not_allocated"
    budget.allocate(ANA)
    budget.fail(budget.redeem())
    assert refusal(budget) == "assignment_not_allocated"


def test_the_deadline_holds_before_any_task_ran(database: Database) -> None:
    budget = open_budget(database)
    budget.assign()
    instant = DAY / 86_400_000_000
    assert refusal(budget, now=NOW + 90 * DAY) == "assignment_expired"
    assert budget.redeem(now=NOW + 90 * DAY - instant)


def test_an_enrollment_deadline_that_moved_holds_at_once(database: Database) -> None:
    budget = open_budget(database)
    budget.publish(course_until(NOW + 10 * DAY))
    budget.assign()
    budget.publish(course_until(NOW + 20 * DAY))
    assert budget.redeem(now=NOW + 15 * DAY)


def test_a_course_that_closed_is_not_redeemed(database: Database) -> None:
    budget = open_budget(database)
    budget.publish(course_until(NOW + 10 * DAY))
    budget.assign()
    assert refusal(budget, now=NOW + 10 * DAY) == "assignment_expired"


def test_a_closed_budget_redeems_nothing(database: Database) -> None:
    budget = open_budget(database)
    budget.assign(price=0)  # With money allocated it could not be closed.
    budget.change_policy(active=False)
    assert refusal(budget) == "policy_expired"
    budget.change_policy(active=True, retired=True)
    assert refusal(budget) == "policy_expired"
    budget.change_policy(retired=False)
    assert refusal(budget, now=NOW - 101 * DAY) == "subsidy_expired"
    budget.change_subsidy(expiration_datetime=NOW)
    assert refusal(budget) == "subsidy_expired"


def test_content_that_left_the_catalog_is_not_redeemed(database: Database) -> None:
    budget = open_budget(database)
    budget.assign(key=RUN)
    budget.publish(course("Any", course_runs=[]))
    assert refusal(budget, key=RUN) == "content_not_in_catalog"


def test_a_run_of_the_assigned_course_can_be_chosen(database: Database) -> None:
    budget = open_budget(database)
    second = RUN.removesuffix("1") + "2"
    runs = [{"key": key, "status": "published"} for key in (RUN, second)]
    budget.publish(course("Any", course_runs=runs))
    budget.assign(key=COURSE)
    stored = budget.transaction(budget.redeem(key=second))
    assert (stored.content_key, stored.courserun_key) == (second, second)


def test_a_learner_is_named_by_account_too(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.know([(ANA, 7)])
    transaction = budget.redeem(None, user=7)
    assert budget.row(uuid).lms_user_id == 7
    stored = budget.transaction(transaction)
    assert (stored.learner_email, stored.lms_user_id) == (ANA, 7)


def test_what_costs_nothing_is_redeemed_and_given_back_too(database: Database) -> None:
    budget = open_budget(database, deposit=0)
    budget.assign(price=0)
    budget.reverse(budget.redeemed())
    budget.allocate(ANA, price=0)
    budget.fail(budget.redeem())
    assert (budget.states(), budget.figures) == ({ANA: "errored"}, (0, 0, 0))
    assert budget.problems() == []


def test_what_failed_or_was_reversed_is_allocated_and_redeemed_again(database: Database) -> None:
    budget = open_budget(database, deposit=300)
    uuid = budget.assign(price=300)
    budget.fail(budget.redeem())
    assert budget.allocate(ANA, price=200).updated[0].uuid == uuid
    budget.reverse(budget.redeemed())
    budget.allocate(ANA, price=250)
    budget.redeemed()
    assert (budget.states(), budget.figures) == ({ANA: "accepted"}, (250, 0, 50))
    assert budget.problems() == []


def test_each_step_is_told_once_with_what_became_of_the_assignment(database: Database) -> None:
    budget = open_budget(database)
    assignment = str(budget.assign())
    uuid = budget.redeemed()
    budget.complete(uuid)
    budget.reverse(uuid)
    transaction = str(uuid)
    assert budget.audited()[1:] == [
        ("transaction.created", transaction),
        ("transaction.committed", transaction),
        ("assignment.accepted", assignment),
        ("transaction.reversed", transaction),
        ("assignment.reversed", assignment),
    ]
    states = [event.changes["state"] for event in budget.events("transaction.reversed")]
    assert states == [["committed", "reversed"]]
    (told,) = budget.events("assignment.reversed")
    assert told.changes == {"state": ["accepted", "reversed"]}
    assert [action["action_type"] for action in told.data["actions"]] == ["redeemed", "reversed"]


def test_the_jobs_of_the_lms_are_enqueued_by_what_is_told(database: Database) -> None:
    budget = open_budget(database)
    budget.assign()
    uuid = budget.redeem()
    assert jobs(database) == {f"credit.enroll:{uuid}"}
    budget.complete(uuid)
    budget.reverse(uuid)
    assert jobs(database) == {f"credit.enroll:{uuid}", f"credit.end_enrollment:{uuid}"}


def jobs(database: Database) -> set[str]:
    table = "workflow_status" if database.is_sqlite else f"{SCHEMA}.workflow_status"
    with database.read() as connection:
        return set(connection.scalars(text(f"SELECT workflow_uuid FROM {table}")))
