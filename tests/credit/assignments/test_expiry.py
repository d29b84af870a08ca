"""Assignments end with their earliest deadline, once, and their money is free again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bursar import clock
from bursar.credit.assignments import expiry
from bursar.database.engine import Database
from testing.worlds.budgets import DAY, NOW, course_until, open_budget

ANA, BEN = "ana@example.com", "ben@example.com"
END = NOW + 90 * DAY


def test_nothing_expires_before_its_instant(database: Database) -> None:
    budget = open_budget(database)
    budget.assign(price=300)
    instant = timedelta(microseconds=1)
    assert budget.expire(END - instant) == {"expired": 0, "refreshed": 0}
    assert budget.expire(END) == {"expired": 1, "refreshed": 0}
    assert budget.expire(END) == {"expired": 0, "refreshed": 0}


def test_an_expired_assignment_frees_its_money_and_tells_the_learner(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign(price=300)
    budget.expire(END)
    row = budget.row(uuid)
    assert (row.state, row.learner_state, row.learner_email) == ("expired", "expired", ANA)
    assert budget.figures == (0, 0, 100_000)
    (action,) = budget.actions(uuid)
    assert (action.action_type, action.completed_at) == ("expired", END)
    mail = budget.mails()[-1]
    assert (mail.kind, mail.uuid, mail.recipient) == ("assignment-expired", action.mail_uuid, ANA)
    assert budget.audited()[-1] == ("assignment.expired", str(uuid))
    assert budget.problems() == []


def test_only_allocated_assignments_expire(database: Database) -> None:
    budget = open_budget(database)
    emails = [f"{name}@example.com" for name in ("cancelled", "errored", "redeeming", "accepted")]
    budget.allocate(*emails)
    budget.cancel(next(row.uuid for row in budget.rows() if row.learner_email == emails[0]))
    budget.fail(budget.redeem(emails[1]))
    budget.redeem(emails[2])
    budget.redeemed(emails[3])
    before = budget.states()
    assert budget.expire(END + 900 * DAY)["expired"] == 0
    assert budget.states() == before
    assert budget.problems() == []


def test_many_expire_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "BATCH", 3)
    budget = open_budget(database)
    sibling = budget.sibling()
    budget.allocate(*(f"learner{each}@example.com" for each in range(7)))
    sibling.allocate(ANA)
    budget.allocate(BEN, now=NOW + DAY)
    assert budget.expire(END)["expired"] == 8
    assert budget.states()[BEN] == "allocated"
    assert budget.figures == (0, 100, 99_900)
    assert [*budget.problems(), *sibling.problems()] == []


def test_a_new_import_moves_the_deadline_forth(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.publish(course_until(NOW + 10 * DAY))
    assert budget.expire(NOW + 9 * DAY) == {"expired": 0, "refreshed": 1}
    row = budget.row(uuid)
    assert (row.expires_at, row.expiry_reason) == (NOW + 10 * DAY, "ENROLLMENT_DATE_PASSED")
    assert budget.expire(NOW + 10 * DAY)["expired"] == 1


def test_a_new_import_moves_the_deadline_back(database: Database) -> None:
    budget = open_budget(database)
    budget.publish(course_until(NOW + 10 * DAY))
    uuid = budget.assign()
    budget.publish(course_until(NOW + 20 * DAY))
    assert budget.expire(NOW + 15 * DAY) == {"expired": 0, "refreshed": 1}
    assert budget.row(uuid).expires_at == NOW + 20 * DAY
    budget.publish(course_until(None))
    assert budget.expire(NOW + 20 * DAY - DAY) == {"expired": 0, "refreshed": 1}
    assert budget.row(uuid).expiry_reason == "NINETY_DAYS_PASSED"


def test_a_course_that_has_closed_expires_its_assignments(database: Database) -> None:
    budget = open_budget(database)
    budget.publish(course_until(NOW + 10 * DAY))
    budget.assign()
    assert budget.expire(NOW + 11 * DAY)["expired"] == 1


def test_assignments_end_with_their_subsidy(database: Database) -> None:
    budget = open_budget(database, subsidy_expiration_datetime=NOW + 5 * DAY)
    uuid = budget.assign()
    assert budget.row(uuid).expiry_reason == "SUBSIDY_EXPIRED"
    assert budget.expire(NOW + 5 * DAY)["expired"] == 1
    assert budget.problems() == []


def test_a_subsidy_prolonged_prolongs_its_assignments(database: Database) -> None:
    budget = open_budget(database, subsidy_expiration_datetime=NOW + 5 * DAY)
    budget.assign()
    budget.change_subsidy(expiration_datetime=NOW + 100 * DAY)
    assert budget.expire(NOW + 89 * DAY)["expired"] == 0
    assert budget.expire(NOW + 90 * DAY)["expired"] == 1


def test_allocated_again_it_has_ninety_days_again(database: Database) -> None:
    budget = open_budget(database)
    budget.assign()
    budget.expire(END)
    budget.allocate(ANA, now=END)
    assert budget.expire(END + 89 * DAY)["expired"] == 0
    assert budget.expire(END + 90 * DAY)["expired"] == 1
    assert budget.problems() == []


def test_a_clock_that_jumps_back_expires_nothing_and_breaks_nothing(database: Database) -> None:
    budget = open_budget(database)
    budget.assign(ANA)
    budget.expire(END)
    budget.allocate(BEN, now=NOW - DAY)
    assert budget.expire(NOW - 2 * DAY)["expired"] == 0
    assert budget.states() == {ANA: "expired", BEN: "allocated"}
    assert budget.expire(END)["expired"] == 1
    assert budget.problems() == []


def test_several_at_once_expire_each_assignment_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 5)
    budget = open_budget(database)
    sibling = budget.sibling()
    for each in (budget, sibling):
        each.allocate(*(f"learner{number}@example.com" for number in range(20)))
    with clock.frozen_at(END), ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(expiry.expire_assignments, budget.database) for _ in range(4)]
        assert sum(run.result().expired for run in runs) == 40
    assert [mail.kind for mail in budget.mails()].count("assignment-expired") == 40
    assert all(len(budget.actions(row.uuid)) == 1 for row in budget.rows())
    assert budget.figures == (0, 0, 100_000)
    assert budget.problems() == []
