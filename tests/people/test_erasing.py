"""An erased person is nowhere, and nothing else has changed."""

from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from bursar import clock
from bursar.audit.models import AuditEntry
from bursar.cli.declare import CHECKS
from bursar.credit.models import Assignment, LedgerEntry, SubsidyTransaction
from bursar.database.doors import Door, OpenDoor, check_doors, opened
from bursar.database.engine import Database
from bursar.delivery.models import Delivery, DeliveryAttempt
from bursar.enrollment.bulk.models import BulkEnrollmentJob
from bursar.enrollment.models import Enrollment
from bursar.events.models import EventRecord
from bursar.identity.models import Enterprise
from bursar.learners.models import Learner
from bursar.learners.service import ensure_learners
from bursar.people.checks import check_erased
from bursar.people.models import ErasedPerson
from bursar.people.refusals import IsContact, PersonIsBusy, UnknownPerson
from bursar.people.service import Erased, change_email, erase_person, export_person
from bursar.subscriptions.licenses.models import License
from testing.worlds.budgets import NOW, open_budget
from testing.worlds.contract import ACME, GLOBEX
from tests.people.world import (
    ACCOUNT,
    ACTOR,
    OTHER,
    PERSON,
    SSO,
    USERNAME,
    places_of,
    settle,
)


@pytest.fixture
def world(database: Database) -> Database:
    settle(database)
    return database


def erase(database: Database, enterprise: UUID = ACME, email: str = PERSON) -> Erased:
    with database.transaction() as session:
        return erase_person(session, ACTOR, enterprise, email, clock.now())


def problems(database: Database) -> list[str]:
    """All that `bursar check` finds. The world is made by hand, so that some totals are wrong."""
    with database.transaction() as session:
        return [problem for check in CHECKS for problem in check(session)]


def found(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(check_erased(session))


def figures(database: Database) -> dict[str, object]:
    """Money and counts."""
    counted = {
        model.__tablename__: select(func.count()).select_from(model)
        for model in (Learner, Assignment, License, Enrollment, SubsidyTransaction, Delivery)
    }
    states = {
        "assignments by state": select(Assignment.state, func.count()).group_by(Assignment.state),
        "licenses by status": select(License.status, func.count()).group_by(License.status),
        "ledger": select(func.sum(LedgerEntry.amount_cents)),
    }
    with database.read() as connection:
        return {
            name: sorted(map(tuple, connection.execute(statement)))
            for name, statement in (counted | states).items()
        }


def test_the_world_has_the_person_everywhere(world: Database) -> None:
    """So that the other tests show something."""
    assert places_of(world, PERSON) == {
        "learners.email", "assignments.learner_email", "subsidy_transactions.learner_email",
        "licenses.user_email", "group_members.email",
        "bulk_enrollment_jobs.emails", "bulk_enrollment_rows.email",
        "deliveries.recipient", "events.changes", "events.data", "audit_entries.object_id",
        "audit_entries.details", "idempotency_records.body", "workflow_input.inputs",
        "direct_enrollments.error", "scim_users.user_name", "scim_users.user_name_key",
        "scim_users.external_id", "scim_users.attributes", "lms_news.told",
    }  # fmt: skip


def test_the_person_is_nowhere_and_money_and_counts_are_kept(world: Database) -> None:
    before, known = figures(world), problems(world)
    erased = erase(world)
    (tombstone,) = erased.tombstones
    for told in (PERSON, str(ACCOUNT), USERNAME, SSO):
        assert places_of(world, told, ACME) == set(), told
    assert places_of(world, tombstone, ACME) >= {
        "learners.email", "assignments.learner_email", "licenses.user_email",
        "deliveries.recipient", "subsidy_transactions.learner_email", "events.data",
        "bulk_enrollment_rows.email",
    }  # fmt: skip
    assert figures(world) == before
    assert problems(world) == known


def test_what_names_no_enterprise_is_searched_too(world: Database) -> None:
    for enterprise in (ACME, GLOBEX):
        erase(world, enterprise)
    for told in (PERSON, str(ACCOUNT), USERNAME, SSO):
        assert places_of(world, told) == set(), told


def test_the_same_person_elsewhere_and_others_stay(world: Database) -> None:
    with world.transaction() as session:
        elsewhere = export_person(session, GLOBEX, PERSON)
        other = export_person(session, ACME, OTHER)
    erase(world)
    with world.transaction() as session:
        assert export_person(session, GLOBEX, PERSON) == elsewhere
        assert export_person(session, ACME, OTHER) == other
        with pytest.raises(UnknownPerson):
            export_person(session, ACME, PERSON)


def test_what_waits_to_be_sent_is_not_sent(world: Database) -> None:
    (tombstone,) = erase(world).tombstones
    with world.read() as connection:
        mails = connection.execute(
            select(*Delivery.__table__.c).where(Delivery.recipient == tombstone)
        ).all()
    assert mails
    assert {(mail.status, mail.error) for mail in mails} == {("dropped", "The learner was erased.")}
    assert all(mail.context == {} for mail in mails)


def test_what_was_answered_to_mails_goes_too(world: Database) -> None:
    with world.transaction() as session:
        rows = session.execute(select(*Delivery.__table__.c)).all()
        for row in rows:
            attempt = {"number": 1, "at": row.created_at, "outcome": "retrying", "seconds": 0.1}
            attempt["answer"] = f"450 4.2.1 {row.recipient.partition('@')[0]} is busy"
            session.execute(insert(DeliveryAttempt).values(delivery_id=row.id, **attempt))
    (tombstone,) = erase(world).tombstones
    statement = select(Delivery.recipient, DeliveryAttempt.answer).join(
        Delivery, Delivery.id == DeliveryAttempt.delivery_id
    )
    with world.read() as connection:
        found = connection.execute(statement).all()
    assert {row.answer is None for row in found if row.recipient == tombstone} == {True}
    assert all(row.answer for row in found if row.recipient != tombstone)


def test_it_is_told_and_audited(world: Database) -> None:
    (tombstone,) = erase(world).tombstones
    with world.read() as connection:
        learner_id = connection.scalar(select(Learner.id).where(Learner.email == tombstone))
        event = connection.execute(
            select(*EventRecord.__table__.c).where(EventRecord.type == "learner.erased")
        ).one()
    assert (event.object_id, event.actor, event.enterprise_uuid) == (str(learner_id), "test", ACME)
    assert event.data["email"] is event.data["lms_user_id"] is None
    assert event.data["consent"] is False


def test_only_a_keyed_hash_of_the_address_is_kept(world: Database) -> None:
    (tombstone,) = erase(world).tombstones
    with world.read() as connection:
        kept = connection.execute(select(*ErasedPerson.__table__.c)).one()
    assert (kept.enterprise_uuid, kept.tombstone) == (ACME, tombstone)
    assert len(kept.address_hash) == 64


def test_the_check_finds_an_erased_address_that_is_still_there(world: Database) -> None:
    erase(world)
    past = clock.now() - timedelta(days=1)
    with world.transaction() as session:
        event = session.scalar(
            select(func.min(EventRecord.id)).where(EventRecord.enterprise_uuid == ACME)
        )
        with opened(session, Door.ERASURE):
            left = update(EventRecord).where(EventRecord.id == event)
            session.execute(left.values(data={"told": [f"Hello {PERSON.upper()}!"]}, at=past))
    (problem,) = found(world)
    assert problem.startswith(f"events: {event}: data holds an address that was erased")


def test_an_address_may_come_back(world: Database) -> None:
    erase(world)
    with world.transaction() as session:
        ensure_learners(session, ACME, [PERSON], clock.now() + timedelta(seconds=1))
    assert found(world) == []
    again = erase(world)
    assert len(again.tombstones) == 1
    assert places_of(world, PERSON, ACME) == set()


def test_an_account_with_several_addresses_is_one_person(world: Database) -> None:
    new = "ana@acme.example"
    with world.transaction() as session:
        change_email(session, ACTOR, ACME, PERSON, new, at=clock.now())
    erased = erase(world, email=new)
    assert len(erased.tombstones) == 2
    for told in (PERSON, new, str(ACCOUNT), USERNAME):
        assert places_of(world, told, ACME) == set(), told
    assert found(world) == []


def test_work_under_way_comes_first(world: Database) -> None:
    with world.transaction() as session:
        session.execute(
            update(BulkEnrollmentJob)
            .where(BulkEnrollmentJob.enterprise_uuid == ACME)
            .values(state="running", failed_count=0, finished_at=None)
        )
    with pytest.raises(PersonIsBusy, match="a bulk enrollment of this person is under way"):
        erase(world)
    assert "learners.email" in places_of(world, PERSON, ACME)


def test_the_contact_of_the_enterprise_is_not_erased(world: Database) -> None:
    with world.transaction() as session:
        contact = update(Enterprise).where(Enterprise.uuid == ACME)
        session.execute(contact.values(contact_email=f"Ana <{PERSON}>"))
    with pytest.raises(IsContact):
        erase(world)


def test_nobody_is_not_erased(world: Database) -> None:
    with pytest.raises(UnknownPerson):
        erase(world, email="unheard-of@example.org")


@pytest.fixture
def books(database: Database) -> Database:
    """With a row in each append-only table."""
    open_budget(database)
    entry = {"actor": "tester", "action": "done", "object_type": "thing", "object_id": "1"}
    with database.transaction() as session:
        session.execute(insert(AuditEntry).values(**entry, at=NOW, details={}))
    return database


ANY = "UPDATE {} SET enterprise_uuid = enterprise_uuid"
ALL = "DELETE FROM {}"
LOGS = ("events", "audit_entries")


class ChangedMindError(Exception):
    pass


def is_refused(database: Database, statement: str, *doors: Door) -> bool:
    """Whatever is done is taken back."""
    try:
        with database.transaction() as session, ExitStack() as stack:
            for door in doors:
                stack.enter_context(opened(session, door))
            session.execute(text(statement))
            raise ChangedMindError
    except ChangedMindError:
        return False
    except DBAPIError as error:
        return "append-only" in str(error)


def test_each_door_opens_what_it_is_for(books: Database) -> None:
    opens = {
        (table, statement, door)
        for table in (*LOGS, "ledger_entries")
        for statement in (ANY, ALL)
        for door in (None, *Door)
        if not is_refused(books, statement.format(table), *([door] if door else []))
    }
    assert opens == {
        *((table, ANY, Door.ERASURE) for table in LOGS),
        *((table, ALL, door) for table in LOGS for door in (Door.RETENTION, Door.DELETION)),
        ("ledger_entries", ALL, Door.DELETION),
    }
    # What else the door of retention opens is tested with what goes through it.


def test_no_door_lets_a_table_be_emptied_at_once(books: Database) -> None:
    for table in () if books.is_sqlite else (*LOGS, "ledger_entries"):
        assert is_refused(books, f"TRUNCATE {table} CASCADE", *Door)


def test_a_door_that_was_left_open_is_found(database: Database) -> None:
    with database.transaction() as session:
        session.add(OpenDoor(name="erasure"))
    with database.transaction() as session:
        (problem,) = check_doors(session)
    assert problem.startswith("open_doors: erasure: ")
