"""What declaring subsidies and policies tells: old and new values, and the object as it is then."""

from uuid import uuid4

import pytest

from bursar.credit.policies.commands import Deposit
from bursar.database.engine import Database
from bursar.events import storing
from testing.worlds.budgets import DAY, NOW, Budget, open_budget
from testing.worlds.catalog import ENTERPRISE


def changes_of(budget: Budget, kind: str) -> list[object]:
    return [event.changes for event in budget.events(kind)]


def test_a_changed_limit_is_told_with_its_old_and_new_value(database: Database) -> None:
    budget = open_budget(database, spend_limit=700_00)
    budget.change_policy(spend_limit=100_00)
    (told,) = budget.events("policy.changed")
    assert told.changes == {"spend_limit": [70_000, 10_000]}
    assert (told.object_type, told.object_id) == ("policy", str(budget.policy_uuid))
    assert (told.version, told.data["spend_limit"]) == (2, 10_000)
    assert told.data["aggregates"]["spend_available_usd_cents"] == 10_000


def test_what_stays_as_it_is_is_not_told(database: Database) -> None:
    budget = open_budget(database, spend_limit=100)
    budget.change_policy(spend_limit=100, description="")
    budget.change_subsidy(starting_balance=100_000)
    assert budget.events("policy.changed", "subsidy.changed") == []


def test_a_new_policy_is_told_with_what_it_assigns_through(database: Database) -> None:
    budget = open_budget(database, display_name="Team")
    (told,) = budget.events("policy.created")
    assert told.version == 1
    assert told.changes["display_name"] == [None, "Team"]
    assert told.changes["assignment_configuration.uuid"] == [None, str(budget.configuration_uuid)]
    assert "spend_limit" not in told.changes
    assert told.data["assignment_configuration"]["uuid"] == str(budget.configuration_uuid)


def test_retiring_is_told_as_such(database: Database) -> None:
    budget = open_budget(database)
    budget.change_policy(retired=True, description="Over")
    assert changes_of(budget, "policy.changed") == []
    assert changes_of(budget, "policy.retired") == [
        {"description": ["", "Over"], "retired": [False, True]}
    ]


def test_each_deposit_is_told_with_the_balance_that_it_makes(database: Database) -> None:
    budget = open_budget(database, deposit=1000)
    first, second = Deposit(uuid4(), 200, NOW), Deposit(uuid4(), 30, NOW)
    budget.change_subsidy(deposits=[first, second])
    budget.change_subsidy(deposits=[first, second])
    assert changes_of(budget, "subsidy.deposited") == [
        {"current_balance": [0, 1000]},
        {"current_balance": [1000, 1200]},
        {"current_balance": [1200, 1230]},
    ]
    told = budget.events("subsidy.created", "subsidy.deposited")
    assert [event.version for event in told] == [1, 2, 3, 4]
    assert (told[3].data["deposit"], told[3].data["amount"]) == (str(second.uuid), 30)
    assert told[3].data["subsidy"]["current_balance"] == 1230


def test_the_events_of_a_new_subsidy_are_numbered_on_from_batch_to_batch(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "BATCH", 2)
    budget = open_budget(
        database, subsidy_deposits=[Deposit(uuid4(), cents, NOW) for cents in range(4)]
    )
    told = budget.events("subsidy.created", "subsidy.deposited")
    assert [event.version for event in told] == [1, 2, 3, 4, 5, 6]


def test_deadlines_follow_a_subsidy_that_ends_earlier(database: Database) -> None:
    budget = open_budget(database)
    uuid = budget.assign()
    budget.change_subsidy(expiration_datetime=NOW + 5 * DAY)
    assert budget.row(uuid).expires_at == NOW + 5 * DAY
    assert budget.row(uuid).expiry_reason == "SUBSIDY_EXPIRED"


def test_what_is_told_belongs_to_the_enterprise(database: Database) -> None:
    budget = open_budget(database)
    told = budget.events("policy.created", "subsidy.created", "subsidy.deposited")
    assert len(told) == 3
    assert {event.enterprise_uuid for event in told} == {ENTERPRISE}
