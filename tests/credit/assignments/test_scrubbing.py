"""Addresses are forgotten when an assignment ended long ago, and everything else stays."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from bursar import clock
from bursar.credit.assignments import scrubbing
from bursar.database.engine import Database
from bursar.delivery.models import DeliveryStatus
from bursar.emails import retired_address
from bursar.events.models import EventRecord
from testing.worlds.budgets import DAY, NOW, Budget, open_budget

ANA = "ana@example.com"
THEN = NOW + 90 * DAY


def cancelled(budget: Budget, *emails: str) -> None:
    """Their mails were delivered."""
    budget.cancel(*(row.uuid for row in budget.allocate(*emails).created))
    budget.finish_mails()


def addresses(budget: Budget) -> set[str]:
    return {mail.recipient for mail in budget.mails()} | set(budget.states())


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_ninety_days_after_the_allocation_the_address_is_forgotten(
    database: Database, how: str
) -> None:
    budget = open_budget(database)
    budget.know([(ANA, 7)])
    if how == "cancelled":
        cancelled(budget, ANA)
    else:
        budget.assign(ANA)
        budget.expire(THEN)
        budget.finish_mails()
    instant = timedelta(microseconds=1)
    assert budget.scrub(THEN - instant) == {"scrubbed": 0, "waiting for mail": 0}
    assert budget.scrub(THEN) == {"scrubbed": 1, "waiting for mail": 0}
    assert budget.scrub(THEN) == {"scrubbed": 0, "waiting for mail": 0}
    (row,) = budget.rows()
    assert row.learner_email == retired_address(row.uuid)
    assert row.learner_email.startswith("retired_user")
    assert row.learner_email.endswith("@retired.invalid")
    assert (row.lms_user_id, row.scrubbed_at, row.state) == (7, THEN, how)
    assert budget.audited()[-1] == ("assignment.scrubbed", str(row.uuid))
    assert budget.problems() == []


def test_nothing_of_credit_names_the_person_afterwards(database: Database) -> None:
    budget = open_budget(database)
    budget.assign(ANA)
    failed = budget.redeem(ANA)
    budget.fail(failed)
    budget.cancel(budget.rows()[0].uuid)
    budget.finish_mails()
    budget.scrub(THEN)
    (row,) = budget.rows()
    assert addresses(budget) == {retired_address(row.uuid)}
    assert [mail.context for mail in budget.mails()] == [{}, {}]
    assert budget.transaction(failed).learner_email == retired_address(row.uuid)
    with database.read() as connection:
        changes = connection.execute(select(EventRecord.changes)).scalars().all()
    assert ANA not in json.dumps(changes)


def test_what_lasts_or_may_be_taken_up_keeps_its_address(database: Database) -> None:
    budget = open_budget(database)
    emails = [f"{name}@example.com" for name in ("allocated", "accepted", "errored", "reversed")]
    budget.allocate(*emails)
    budget.redeemed(emails[1])
    budget.fail(budget.redeem(emails[2]))
    budget.reverse(budget.redeemed(emails[3]))
    budget.finish_mails()
    assert budget.scrub(THEN)["scrubbed"] == 0
    assert set(budget.states()) == set(emails)


@pytest.mark.parametrize(
    ("status", "scrubbed"),
    [
        (DeliveryStatus.PENDING, 0),
        (DeliveryStatus.DELIVERED, 1),
        (DeliveryStatus.FAILED, 1),
        (DeliveryStatus.DROPPED, 1),
    ],
)
def test_the_address_is_needed_until_the_last_mail_is_done(
    database: Database, status: DeliveryStatus, scrubbed: int
) -> None:
    budget = open_budget(database)
    cancelled(budget, ANA)
    budget.finish_mails(status)
    assert budget.scrub(THEN) == {"scrubbed": scrubbed, "waiting for mail": 1 - scrubbed}
    assert (ANA in budget.states()) == (scrubbed == 0)


def test_those_that_wait_do_not_hold_up_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrubbing, "BATCH", 3)
    budget = open_budget(database)
    cancelled(budget, *(f"done{each}@example.com" for each in range(7)))
    budget.cancel(
        *(
            row.uuid
            for row in budget.allocate(*(f"busy{each}@example.com" for each in range(7))).created
        )
    )
    assert budget.scrub(THEN) == {"scrubbed": 7, "waiting for mail": 7}
    assert sum(email.startswith("busy") for email in budget.states()) == 7


def test_tombstones_of_one_learner_differ(database: Database) -> None:
    budget = open_budget(database)
    cancelled(budget, ANA)
    cancelled(budget.sibling(), ANA)
    budget.cancel(budget.allocate(ANA, key="course-v1:edX+Any+1").created[0].uuid)
    budget.finish_mails()
    assert budget.scrub(THEN)["scrubbed"] == 3
    assert len(set(budget.states())) == 2


def test_ninety_days_count_from_the_last_allocation(database: Database) -> None:
    budget = open_budget(database)
    cancelled(budget, ANA)
    (again,) = budget.allocate(ANA, now=NOW + 30 * DAY).updated
    budget.cancel(again.uuid)
    budget.finish_mails()
    assert budget.scrub(THEN)["scrubbed"] == 0
    assert budget.scrub(THEN + 30 * DAY)["scrubbed"] == 1


def test_a_scrubbed_learner_is_allocated_and_scrubbed_again(database: Database) -> None:
    budget = open_budget(database)
    budget.know([(ANA, 7)])
    cancelled(budget, ANA)
    budget.scrub(THEN)
    (again,) = budget.allocate(ANA, now=THEN).updated
    assert budget.states() == {ANA: "allocated"}
    budget.cancel(again.uuid)
    budget.finish_mails()
    assert budget.scrub(THEN + 90 * DAY)["scrubbed"] == 1
    assert budget.problems() == []


def test_an_unknown_learner_who_was_scrubbed_is_new(database: Database) -> None:
    budget = open_budget(database)
    cancelled(budget, ANA)
    budget.scrub(THEN)
    assert budget.allocate(ANA, now=THEN).created
    assert len(budget.rows()) == 2


def test_a_clock_that_jumps_back_forgets_nobody(database: Database) -> None:
    budget = open_budget(database)
    cancelled(budget, ANA)
    assert budget.scrub(NOW - 400 * DAY)["scrubbed"] == 0


def test_several_at_once_scrub_each_assignment_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrubbing, "BATCH", 5)
    budget = open_budget(database)
    cancelled(budget, *(f"learner{each}@example.com" for each in range(20)))
    with clock.frozen_at(THEN), ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(scrubbing.scrub_pii, budget.database) for _ in range(4)]
        assert sum(run.result().scrubbed for run in runs) == 20
    assert [action for action, _ in budget.audited()].count("assignment.scrubbed") == 20
