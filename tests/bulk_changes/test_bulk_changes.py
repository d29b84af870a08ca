"""Changes of more than a request can make: licenses and assignments that filters select."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from bursar import clock
from bursar.bulk_changes.commands import Apply, SelectedChange
from bursar.bulk_changes.models import BulkChange
from bursar.bulk_changes.service import make_next
from bursar.credit.assignments import selected as assignments
from bursar.credit.assignments.commands import AssignmentFilters, CancelSelected
from bursar.credit.assignments.commands import RemindSelected as RemindAssignments
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.events.models import EventRecord
from bursar.subscriptions.licenses import queries
from bursar.subscriptions.licenses import selected as licenses
from bursar.subscriptions.licenses.commands import (
    LicenseSelection,
    RemindSelected,
    RevokeSelected,
)
from bursar.subscriptions.licenses.refusals import TooManyRevocations
from bursar.subscriptions.licenses.states import LicenseStatus
from testing.jobs import jobs
from testing.worlds import subscriptions as world
from testing.worlds.budgets import open_budget
from testing.worlds.catalog import ENTERPRISE as BUYER
from testing.worlds.subscriptions import ACTOR, ENTERPRISE, NOW, PLAN, counts, emails

LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def three_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (licenses, queries, assignments):
        monkeypatch.setattr(module, "MOST_AT_ONCE", 3)


@pytest.fixture
def acme(database: Database) -> Database:
    """With seven licenses that are assigned."""
    with database.transaction() as session:
        world.build(session)
        world.plan(session)
        world.assign(session, emails(7))
    return database


def revoke(database: Database, **fields: Any) -> SelectedChange:
    with database.transaction() as session:
        wanted = RevokeSelected(ENTERPRISE, PLAN, LicenseSelection(**fields))
        return licenses.revoke_selected(session, ACTOR, wanted, at=NOW)


def remind(database: Database) -> SelectedChange:
    with database.transaction() as session:
        wanted = RemindSelected(ENTERPRISE, PLAN, LicenseSelection())
        return licenses.remind_selected(session, ACTOR, wanted, at=NOW)


def make(database: Database, uuid: UUID | None, kinds: Mapping[str, Apply] = licenses.KINDS) -> int:
    """In how many steps it is made. There must be a job that makes it."""
    assert uuid is not None
    assert f"bulk_changes.make:{uuid}" in jobs(database)
    steps = 1
    with clock.frozen_at(LATER):
        while make_next(database, kinds, uuid):
            steps += 1
    return steps


def stored(database: Database) -> AnyRow:
    with database.read() as connection:
        return connection.execute(select(BulkChange.__table__)).one()


def events(database: Database, kind: str) -> int:
    with database.read() as connection:
        rows = connection.execute(select(EventRecord.id).where(EventRecord.type == kind))
        return len(rows.all())


def test_few_are_changed_at_once(acme: Database) -> None:
    assert revoke(acme, user_email=emails(1)[0]) == SelectedChange(1)
    with acme.transaction() as session:
        assert counts(session) == (94, 6, 0, 1)
        assert session.scalars(select(BulkChange)).all() == []


def test_many_are_revoked_batch_by_batch(acme: Database) -> None:
    change = revoke(acme)
    assert change.number == 7
    with acme.transaction() as session:
        assert counts(session) == (93, 7, 0, 0)
    assert stored(acme).state == "queued"
    assert make(acme, change.job_uuid) == 3
    with acme.transaction() as session:
        assert counts(session) == (100, 0, 0, 7)
    row = stored(acme)
    assert (row.state, row.total, row.done_count) == ("done", 7, 7)
    assert events(acme, "license.revoked") == 7
    assert events(acme, "job.finished") == 1
    assert make(acme, change.job_uuid) == 1
    assert events(acme, "license.revoked") == 7


def test_what_is_assigned_later_is_no_part_of_it(acme: Database) -> None:
    change = revoke(acme, statuses=frozenset({LicenseStatus.ASSIGNED}), search="LEARNER")
    with acme.transaction() as session:
        world.assign(session, ["learner-new@acme.example"], now=NOW + timedelta(seconds=1))
    make(acme, change.job_uuid)
    with acme.transaction() as session:
        assert counts(session) == (99, 1, 0, 7)


def test_each_learner_is_reminded_once(acme: Database) -> None:
    change = remind(acme)
    assert (change.number, make(acme, change.job_uuid)) == (7, 3)
    assert events(acme, "license.reminded") == 7


def test_none_when_the_cap_does_not_allow_all(acme: Database) -> None:
    with acme.transaction() as session:
        world.activate(session, emails(7))
        world.change(session, is_revocation_cap_enabled=True, revoke_max_percentage=5)
    with pytest.raises(TooManyRevocations):
        revoke(acme)
    with acme.transaction() as session:
        assert session.scalars(select(BulkChange)).all() == []


def test_when_others_use_the_cap_up_the_rest_says_so(acme: Database) -> None:
    with acme.transaction() as session:
        world.activate(session, emails(7))
        world.change(session, is_revocation_cap_enabled=True, revoke_max_percentage=7)
    change = revoke(acme)
    with acme.transaction() as session:
        world.change(session, revoke_max_percentage=5)
    assert make(acme, change.job_uuid) == 2
    row = stored(acme)
    assert (row.state, row.done_count) == ("failed", 3)
    assert row.error == "No revocations remain in the plan for the rest."
    with acme.transaction() as session:
        assert counts(session) == (96, 0, 4, 3)


def test_assignments_are_reminded_and_cancelled(database: Database) -> None:
    budget = open_budget(database)
    addresses = [f"learner{each}@example.com" for each in range(10)]
    budget.allocate(*addresses)
    configuration = budget.configuration_uuid
    assert configuration is not None
    filters = AssignmentFilters(learner_emails=frozenset(addresses[1:]))
    with database.transaction() as session:
        wanted = RemindAssignments(BUYER, configuration, filters)
        reminding = assignments.remind_selected(session, ACTOR, wanted, at=LATER)
        cancelling = assignments.cancel_selected(
            session, ACTOR, CancelSelected(BUYER, configuration, filters), at=LATER
        )
    assert (reminding.number, cancelling.number) == (9, 9)
    # A batch is full, so that another step finds that nothing is left.
    assert make(database, reminding.job_uuid, assignments.KINDS) == 4
    assert len(budget.events("assignment.reminded")) == 9
    assert make(database, cancelling.job_uuid, assignments.KINDS) == 4
    assert sorted(budget.states().values()) == ["allocated", *["cancelled"] * 9]
    assert budget.problems() == []


def test_a_step_that_fails_changes_nothing(acme: Database) -> None:
    change = revoke(acme)
    assert change.job_uuid is not None

    def fail(*_: object) -> Any:
        licenses.KINDS[licenses.REVOKE](*_)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_next(acme, {licenses.REVOKE: fail}, change.job_uuid)
    with acme.transaction() as session:
        assert counts(session) == (93, 7, 0, 0)
    assert stored(acme).done_count == 0
