"""The demo's budgets are as if they had been used for months, and their books hold."""

from collections import defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from bursar.cli.demo import prepare_demo
from bursar.credit.assignments.expiry import Expired, expire_assignments
from bursar.credit.checks import check_credit
from bursar.credit.models import Assignment, AssignmentAction, Policy
from bursar.credit.states import AssignmentState, LearnerState
from bursar.database.engine import Database
from bursar.delivery.models import Delivery, DeliveryStatus
from bursar.demo.assignments import NEWCOMERS
from bursar.demo.manifest import demo_manifest
from tests.demo.conftest import NOW

EVERY_STATE: set[tuple[str, str | None]] = {
    ("accepted", None),
    ("allocated", "failed"),
    ("allocated", "notifying"),
    ("allocated", "waiting"),
    ("cancelled", None),
    ("errored", "failed"),
    ("expired", "expired"),
    ("reversed", None),
}


def rows(database: Database, model: Any) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(*model.__table__.c)))


def test_both_budgets_of_acme_have_assignments_in_every_state(database: Database) -> None:
    assert {state for state, _ in EVERY_STATE} == set(AssignmentState)
    assert {shown for _, shown in EVERY_STATE if shown} == set(LearnerState)
    by_configuration = defaultdict[UUID, set[tuple[str, str | None]]](set)
    for row in rows(database, Assignment):
        by_configuration[row.configuration_uuid].add((row.state, row.learner_state))
    assert list(by_configuration.values()) == [EVERY_STATE, EVERY_STATE]


def test_the_books_hold(database: Database) -> None:
    with database.read() as connection:
        assert list(check_credit(connection)) == []


def test_every_budget_of_acme_has_paid_for_something(database: Database) -> None:
    acme = demo_manifest(NOW)["enterprises"][0]["uuid"]
    budgets = [row for row in rows(database, Policy) if str(row.enterprise_uuid) == acme]
    assert len(budgets) == 3
    assert all(budget.redeemed_cents > 0 for budget in budgets)


def test_nothing_happened_in_the_future_or_before_the_subsidy_began(database: Database) -> None:
    beginning = NOW - timedelta(days=180)
    for assignment in rows(database, Assignment):
        assert beginning < assignment.created_at <= assignment.modified_at <= NOW
    for action in rows(database, AssignmentAction):
        assert beginning < action.created_at <= action.modified_at <= NOW


def test_no_deadline_has_passed_or_is_out_of_date(database: Database) -> None:
    assert expire_assignments(database) == Expired(expired=0, refreshed=0)


def test_a_mail_that_waits_does_so_for_most_of_a_day(database: Database) -> None:
    waiting = [mail for mail in rows(database, Delivery) if mail.status == DeliveryStatus.PENDING]
    assert waiting
    for mail in waiting:
        assert NOW + timedelta(hours=12) < mail.next_attempt_at < NOW + timedelta(hours=25)


def test_learners_nobody_knows_have_no_account_yet(database: Database) -> None:
    accounts = {
        row.learner_email: row.lms_user_id
        for row in rows(database, Assignment)
        if row.learner_email in NEWCOMERS
    }
    assert accounts == dict.fromkeys(NEWCOMERS)


def test_a_later_start_adds_nothing(database: Database) -> None:
    before = rows(database, Assignment)
    prepare_demo(database, NOW + timedelta(days=2))
    assert rows(database, Assignment) == before
