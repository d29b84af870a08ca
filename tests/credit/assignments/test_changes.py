"""Reminding and cancelling: all of what was asked, or nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar.credit.assignments import service as assignments
from bursar.credit.assignments.commands import (
    AssignmentFilters,
    CancelSelected,
    RemindSelected,
)
from bursar.credit.assignments.refusals import AssignmentsInWrongState
from bursar.database.engine import Database
from testing.databases.statements import statements_of
from testing.worlds.budgets import ACTOR, DAY, NOW, Budget, open_budget
from testing.worlds.catalog import ENTERPRISE

ANA, BEN, CHRIS, DORA, EVE = (
    f"{name}@example.com" for name in ("ana", "ben", "chris", "dora", "eve")
)
Change = Callable[..., None]


def cancel_selected(budget: Budget, **filters: Any) -> int:
    assert budget.configuration_uuid is not None
    command = CancelSelected(ENTERPRISE, budget.configuration_uuid, AssignmentFilters(**filters))
    with budget.database.transaction() as session:
        return assignments.cancel_selected(session, ACTOR, command, at=NOW).number


def remind_selected(budget: Budget, **filters: Any) -> int:
    assert budget.configuration_uuid is not None
    command = RemindSelected(ENTERPRISE, budget.configuration_uuid, AssignmentFilters(**filters))
    with budget.database.transaction() as session:
        return assignments.remind_selected(session, ACTOR, command, at=NOW).number


def kinds(budget: Budget) -> list[tuple[str, str]]:
    return [(mail.kind.removeprefix("assignment-"), mail.recipient) for mail in budget.mails()]


def five(budget: Budget) -> dict[str, UUID]:
    """One allocated, redeeming, accepted, errored and cancelled."""
    budget.allocate(ANA, BEN, CHRIS, DORA, EVE, price=100)
    budget.redeem(BEN)
    budget.redeemed(CHRIS)
    budget.fail(budget.redeem(DORA))
    uuids = {row.learner_email: row.uuid for row in budget.rows()}
    budget.cancel(uuids[EVE])
    return uuids


def test_a_cancelled_assignment_frees_its_money(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign(price=300)
    later = NOW + DAY
    budget.cancel(uuid, now=later)
    row = budget.row(uuid)
    assert (row.state, row.learner_state, row.learner_email) == ("cancelled", None, ANA)
    assert budget.figures == (0, 0, 100_000)
    (action,) = budget.actions(uuid)
    assert (action.action_type, action.completed_at, action.error_reason) == (
        "cancelled",
        later,
        None,
    )
    mail = budget.mails()[-1]
    assert (mail.kind, mail.uuid, mail.recipient) == ("assignment-cancelled", action.mail_uuid, ANA)
    assert budget.audited()[1:] == [("assignment.cancelled", str(uuid))]
    assert budget.problems() == []


def test_an_errored_assignment_is_cancelled_without_moving_money(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign(price=300)
    budget.fail(budget.redeem())
    assert budget.figures == (0, 0, 100_000)
    budget.cancel(uuid)
    assert (budget.row(uuid).state, budget.figures) == ("cancelled", (0, 0, 100_000))
    assert budget.problems() == []


def test_cancelling_again_does_nothing(database: Database) -> None:
    budget = open_budget(database)
    first, second = (row.uuid for row in budget.allocate(ANA, BEN).created)
    budget.cancel(first)
    before = len(budget.actions(first)), len(budget.mails()), len(budget.audited())
    budget.cancel(first)
    assert (len(budget.actions(first)), len(budget.mails()), len(budget.audited())) == before
    budget.cancel(first, second)
    assert len(budget.actions(first)) == before[0]
    assert set(budget.states().values()) == {"cancelled"}
    assert budget.problems() == []


def test_one_named_twice_is_one(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.remind(uuid, uuid)
    budget.cancel(uuid, uuid)
    assert len(budget.actions(uuid)) == 1
    assert [kind for kind, _ in kinds(budget)] == ["allocated", "reminded", "cancelled"]
    assert budget.problems() == []


def test_cancelling_is_refused_as_a_whole_and_names_only_the_offending(database: Database) -> None:
    budget, other = open_budget(database), open_budget(database)
    uuids, unknown, theirs = five(budget), uuid4(), other.assign()
    before = budget.rows(), budget.figures, len(budget.mails()), len(budget.audited())
    with pytest.raises(AssignmentsInWrongState) as caught:
        budget.cancel(*uuids.values(), unknown, theirs)
    assert caught.value.states == {
        uuids[BEN]: "redeeming",
        uuids[CHRIS]: "accepted",
        unknown: "not found",
        theirs: "not found",
    }
    assert (budget.rows(), budget.figures, len(budget.mails()), len(budget.audited())) == before
    assert other.states() == {ANA: "allocated"}


def test_reminding_is_refused_as_a_whole_and_names_only_the_offending(database: Database) -> None:
    budget = open_budget(database)
    uuids, unknown = five(budget), uuid4()
    before = len(budget.mails()), len(budget.audited())
    with pytest.raises(AssignmentsInWrongState) as caught:
        budget.remind(*uuids.values(), unknown)
    assert caught.value.states == {
        uuids[BEN]: "redeeming",
        uuids[CHRIS]: "accepted",
        uuids[DORA]: "errored",
        uuids[EVE]: "cancelled",
        unknown: "not found",
    }
    assert (len(budget.mails()), len(budget.audited())) == before


def test_a_reminder_is_a_mail_each_time_and_an_action_when_it_was_tried(
    database: Database,
) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.remind(uuid)
    budget.remind(uuid)
    assert kinds(budget) == [("allocated", ANA), ("reminded", ANA), ("reminded", ANA)]
    assert budget.actions(uuid) == []
    assert budget.audited()[1:] == [("assignment.reminded", str(uuid))] * 2


@pytest.mark.parametrize("what", ["cancel", "remind"])
@pytest.mark.parametrize("number", [1, 1000])
def test_many_cost_as_many_statements_as_one(database: Database, what: str, number: int) -> None:
    budget = open_budget(database)
    rows = budget.allocate(*(f"learner{each}@example.com" for each in range(number))).created
    change: Change = getattr(budget, what)
    with statements_of(database) as statements:
        change(*(row.uuid for row in rows))
    assert len(statements) <= 15
    assert len(budget.mails()) == 2 * number
    assert budget.problems() == []


def test_all_that_can_be_cancelled_are_cancelled(database: Database) -> None:
    budget = open_budget(database)
    five(budget)
    assert cancel_selected(budget) == 2
    assert budget.states() == {
        ANA: "cancelled",
        BEN: "allocated",
        CHRIS: "accepted",
        DORA: "cancelled",
        EVE: "cancelled",
    }
    assert cancel_selected(budget) == 0
    assert budget.figures == (200, 0, 99_800)
    assert budget.problems() == []


def test_all_that_can_be_reminded_are_reminded(database: Database) -> None:
    budget = open_budget(database)
    five(budget)
    assert remind_selected(budget) == 1
    assert kinds(budget)[-1] == ("reminded", ANA)
    assert [kind for kind, _ in kinds(budget)].count("reminded") == 1


def test_all_means_all_that_the_conditions_select(database: Database) -> None:
    budget = open_budget(database)
    budget.allocate(ANA, BEN, CHRIS)
    assert remind_selected(budget, learner_emails=frozenset([ANA, BEN])) == 2
    assert cancel_selected(budget, learner_emails=frozenset([ANA, BEN])) == 2
    assert cancel_selected(budget, learner_emails=frozenset(["nobody@example.com"])) == 0
    assert budget.states() == {ANA: "cancelled", BEN: "cancelled", CHRIS: "allocated"}


@pytest.mark.slow
def test_ten_thousand_are_cancelled_in_one_call(database: Database) -> None:
    budget = open_budget(database)
    rows = budget.allocate(*(f"l{each}@example.com" for each in range(10_000)), price=1).created
    budget.cancel(*(row.uuid for row in rows), now=NOW + timedelta(minutes=1))
    assert budget.figures == (0, 0, 100_000)
