"""What is told once of budgets: that most of a limit is spent, and that a subsidy or an assignment
ends soon."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from bursar import clock
from bursar.credit.assignments import expiring, service
from bursar.credit.policies import tasks
from bursar.credit.policies.queries import find_summary
from bursar.credit.policy_types import PER_LEARNER_SPEND
from bursar.database.engine import Database
from testing.databases.statements import statements_of
from testing.worlds.budgets import ACTOR, DAY, NOW, PRICED, Budget, open_budget

THRESHOLD = "policy.threshold_reached"
INSTANT = timedelta(microseconds=1)


def reached(budget: Budget) -> list[int]:
    return [event.data["threshold_percent"] for event in budget.events(THRESHOLD)]


class TestThresholds:
    def test_each_is_told_in_the_change_that_reaches_it_with_the_policy_after_it(
        self, database: Database
    ) -> None:
        budget = open_budget(database, spend_limit=1_000)
        budget.assign("a@example.com", price=799)
        assert reached(budget) == []
        budget.assign("b@example.com", price=1)
        assert reached(budget) == [80]
        budget.assign("c@example.com", price=200)
        assert reached(budget) == [80, 90, 100]
        with database.read() as connection:
            summary = find_summary(connection, budget.policy_uuid, NOW)
        last = budget.events(THRESHOLD)[-1]
        plain = msgspec.json.decode(msgspec.json.encode(summary))
        assert last.data == {**plain, "threshold_percent": 100}
        assert (last.object_type, last.object_id) == ("policy", str(budget.policy_uuid))
        assert [event.version for event in budget.events("policy.created", THRESHOLD)] == [
            1, 2, 3, 4,
        ]  # fmt: skip

    def test_once_each_whatever_is_given_back_and_spent_again(self, database: Database) -> None:
        budget = open_budget(database, spend_limit=1_000)
        for _ in range(2):
            budget.allocate("a@example.com", price=850)
            budget.cancel(budget.rows()[0].uuid)
        assert reached(budget) == [80]
        budget.assign("b@example.com", price=950)
        assert reached(budget) == [80, 90]

    def test_what_was_reserved_before_it_is_spent_counts_once(self, database: Database) -> None:
        budget = open_budget(database, spend_limit=1_000)
        budget.assign(price=800)
        budget.redeemed()
        assert budget.figures[:2] == (800, 0)
        assert reached(budget) == [80]

    def test_a_redemption_without_an_assignment_reaches_it(self, database: Database) -> None:
        budget = open_budget(database, policy_type=PER_LEARNER_SPEND, spend_limit=11_000)
        budget.redeem(key=PRICED)
        assert reached(budget) == [80, 90]

    def test_a_limit_that_is_lowered_reaches_it_and_another_limit_is_another(
        self, database: Database
    ) -> None:
        budget = open_budget(database, spend_limit=1_000)
        budget.assign(price=450)
        budget.change_policy(spend_limit=500)
        assert reached(budget) == [80, 90]
        for limit in (1_000, 500, 1_000):
            budget.change_policy(spend_limit=limit)
        assert reached(budget) == [80, 90]
        budget.change_policy(spend_limit=550)
        assert reached(budget) == [80, 90, 80]

    def test_without_a_limit_there_is_none(self, database: Database) -> None:
        budget = open_budget(database, deposit=1_000)
        budget.assign(price=1_000)
        assert reached(budget) == []
        sibling = budget.sibling(spend_limit=0)
        sibling.assign("b@example.com", price=0)
        assert reached(budget) == []

    def test_a_change_that_reaches_none_asks_for_nothing(self, database: Database) -> None:
        limited, free = open_budget(database, spend_limit=10**6), open_budget(database)
        costs: list[int] = []
        for budget in (limited, free, limited, free):
            with statements_of(database) as seen:
                budget.allocate(f"{len(costs)}@example.com", price=10)
            costs.append(len(seen))
        assert costs[2] == costs[3]

    def test_a_change_that_is_undone_tells_nothing(self, database: Database) -> None:
        budget = open_budget(database, spend_limit=1_000)
        command = budget.allocation("a@example.com", price=900)
        with database.transaction() as session:
            service.allocate(session, ACTOR, command, tolerance_percent=5, at=NOW)
            session.rollback()
        assert reached(budget) == []
        budget.assign(price=800)
        assert reached(budget) == [80]


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    with clock.frozen_at(instant):
        yield


class TestSubsidies:
    END = NOW + 600 * DAY

    def tell(self, budget: Budget, instant: datetime) -> Mapping[str, int]:
        with at(instant):
            return tasks.tell_expiring(budget.database)

    def told(self, budget: Budget) -> list[tuple[str, int]]:
        events = budget.events("subsidy.expiring", "subsidy.expired")
        return [(event.type.partition(".")[2], event.data["days"]) for event in events]

    def test_thirty_and_seven_days_before_and_after_the_end_once_each(
        self, database: Database
    ) -> None:
        budget = open_budget(database)
        budget.assign(price=300)
        self.tell(budget, self.END - 30 * DAY - INSTANT)
        assert self.told(budget) == []
        for before in (30 * DAY, 20 * DAY, 7 * DAY, DAY, 0 * DAY, -DAY):
            counts = self.tell(budget, self.END - before)
            again = self.tell(budget, self.END - before)
            assert again == {"expiring": 0, "expired": 0}, counts
        assert self.told(budget) == [("expiring", 30), ("expiring", 7), ("expired", 0)]
        first, _, last = budget.events("subsidy.expiring", "subsidy.expired")
        assert (first.object_type, first.object_id) == ("subsidy", str(budget.subsidy_uuid))
        assert (first.actor, first.actor_kind) == ("task:tell-expiring-subsidies", "task")
        assert first.data["amount"] == 100_000 - 300
        assert (first.data["subsidy"]["is_active"], last.data["subsidy"]["is_active"]) == (
            True,
            False,
        )

    def test_an_end_that_is_moved_is_another_end(self, database: Database) -> None:
        budget = open_budget(database)
        self.tell(budget, self.END - 7 * DAY)
        budget.change_subsidy(expiration_datetime=self.END + 30 * DAY)
        self.tell(budget, self.END)
        assert self.told(budget) == [("expiring", 7), ("expiring", 30)]

    def test_what_ended_long_ago_is_not_told(self, database: Database) -> None:
        budget = open_budget(database)
        self.tell(budget, self.END + 30 * DAY)
        assert self.told(budget) == []
        self.tell(budget, self.END + 30 * DAY - INSTANT)
        assert self.told(budget) == [("expired", 0)]

    def test_many_take_a_constant_number_of_statements(self, database: Database) -> None:
        budget = open_budget(database)
        with statements_of(database) as seen:
            self.tell(budget, self.END - DAY)
        one = len(seen)
        for _ in range(5):
            open_budget(database)
        with statements_of(database) as seen:
            assert self.tell(budget, self.END - DAY)["expiring"] == 5
        assert len(seen) == one


class TestAssignments:
    END = NOW + 90 * DAY

    def tell(self, budget: Budget, instant: datetime) -> int:
        with at(instant):
            return expiring.tell_expiring(budget.database)

    def test_fourteen_days_before_the_deadline_once(self, database: Database) -> None:
        budget = open_budget(database)
        uuid = budget.assign(price=300)
        assert self.tell(budget, self.END - 14 * DAY - INSTANT) == 0
        assert self.tell(budget, self.END - 14 * DAY) == 1
        assert self.tell(budget, self.END - DAY) == 0
        (event,) = budget.events("assignment.expiring")
        (allocated,) = budget.events("assignment.allocated")
        assert (event.object_id, event.version) == (str(uuid), 2)
        assert event.data == allocated.data
        assert self.tell(budget, self.END) == 0

    def test_only_what_can_still_be_redeemed(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(expiring, "BATCH", 2)
        budget = open_budget(database)
        emails = [f"{name}@example.com" for name in "abcdefg"]
        budget.allocate(*emails)
        rows: dict[str, Any] = {row.learner_email: row.uuid for row in budget.rows()}
        budget.cancel(rows[emails[0]])
        budget.redeem(emails[1])
        budget.redeemed(emails[2])
        assert self.tell(budget, self.END - DAY) == 4
        told = {event.data["learner_email"] for event in budget.events("assignment.expiring")}
        assert told == set(emails[3:])

    def test_allocated_again_it_has_another_deadline(self, database: Database) -> None:
        budget = open_budget(database)
        uuid = budget.assign()
        assert self.tell(budget, self.END - DAY) == 1
        budget.cancel(uuid, now=self.END - DAY)
        budget.allocate("ana@example.com", now=self.END - DAY)
        assert self.tell(budget, self.END) == 0
        assert self.tell(budget, self.END + 80 * DAY) == 1
