"""A person gets another address in what goes on, and keeps the old one in what was."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.database.engine import Database
from bursar.delivery.models import Delivery
from bursar.emails import normalised
from bursar.events.models import EventRecord
from bursar.groups.models import GroupMember
from bursar.groups.service import ChangeMembers, change_members, find_group
from bursar.learners.checks import check_learners
from bursar.learners.models import Learner
from bursar.people.checks import check_addresses
from bursar.people.holdings import HOLDINGS
from bursar.people.refusals import AddressTaken, SameAddress, UnknownPerson
from bursar.people.service import change_email, export_person, summarize_person
from testing.worlds.contract import ACME, GLOBEX
from testing.worlds.contract_credit import named
from tests.people.world import ACCOUNT, ACTOR, OTHER, PERSON, places_of, settle

NEW = "ana@new.example"
GOES_ON = {
    "learners.email", "assignments.learner_email", "subsidy_transactions.learner_email",
    "licenses.user_email", "bulk_enrollment_rows.email", "group_members.email",
}  # fmt: skip


@pytest.fixture
def world(database: Database) -> Database:
    settle(database)
    return database


def rename(database: Database, old: str, new: str) -> None:
    with database.transaction() as session:
        change_email(session, ACTOR, ACME, old, new, at=clock.now())


def test_what_goes_on_has_the_new_address(world: Database) -> None:
    with world.transaction() as session:
        sent = session.scalars(select(Delivery.id).where(Delivery.recipient == PERSON)).first()
        session.execute(update(Delivery).where(Delivery.id == sent).values(status="delivered"))
        elsewhere = export_person(session, GLOBEX, PERSON)
    rename(world, PERSON, f" {NEW.upper()} ")
    assert places_of(world, NEW, ACME) == {
        *GOES_ON,
        "deliveries.recipient",
        "events.changes",
        "events.data",
    }
    assert places_of(world, PERSON, ACME) & GOES_ON == set()
    with world.transaction() as session:
        assert session.scalar(select(Delivery.recipient).where(Delivery.id == sent)) == PERSON
        assert export_person(session, GLOBEX, PERSON) == elsewhere
        by_new, by_old = (summarize_person(session, ACME, email) for email in (NEW, PERSON))
    assert by_new.other_addresses == (PERSON,)
    assert by_new.rows == by_old.rows
    with world.read() as connection:
        newest = select(EventRecord.type, EventRecord.changes).order_by(EventRecord.id.desc())
        event = connection.execute(newest).first()
    assert event is not None
    assert (event.type, event.changes) == ("learner.changed", {"email": [PERSON, NEW]})


@pytest.mark.parametrize("old", ["jose\u0301@acme.example", "ana@a\u00e7me.example", "Ana@x.org"])
def test_an_address_of_an_older_version_is_found_and_mended(world: Database, old: str) -> None:
    with world.transaction() as session:
        assert list(check_addresses(session)) == []
        for column in (each.address for each in HOLDINGS if each.follows_renaming):
            if column is not None:
                values = {column.name: old}
                mine = (column == PERSON) & (column.table.c.enterprise_uuid == ACME)
                session.execute(update(column.table).where(mine).values(values))
    with world.transaction() as session:
        found = list(check_addresses(session))
        assert {line.partition(":")[0] for line in found} == {
            name.partition(".")[0] for name in GOES_ON
        } - {"learners"}
        assert list(check_learners(session))
        assert not any(old in line for line in found)
    rename(world, old, old)
    with world.transaction() as session:
        assert [*check_addresses(session), *check_learners(session)] == []
    assert places_of(world, normalised(old), ACME) >= GOES_ON
    with world.transaction() as session:
        session.execute(update(Learner).where(Learner.email == OTHER).values(email="ÉVE@x.org"))
    with pytest.raises(AddressTaken):
        rename(world, "ÉVE@x.org", old)


def test_what_cannot_be_is_refused_and_nothing_changes(world: Database) -> None:
    before = places_of(world, PERSON, ACME)
    for old, new, refusal in (
        (PERSON, OTHER, AddressTaken),
        (PERSON, PERSON.upper(), SameAddress),
        ("unheard-of@example.org", NEW, UnknownPerson),
    ):
        with pytest.raises(refusal):
            rename(world, old, new)
    assert places_of(world, PERSON, ACME) == before


def test_who_is_in_a_group_with_both_addresses_is_in_it_once(world: Database) -> None:
    group = named(ACME, "group")
    with world.transaction() as session:
        change_members(session, ACTOR, group, ChangeMembers(add=[NEW]), at=clock.now())
        before = find_group(session.connection(), group).member_count
    rename(world, PERSON, NEW)
    with world.transaction() as session:
        assert find_group(session.connection(), group).member_count == before - 1
        assert members_among_all(session) == {NEW, OTHER}


def members_among_all(session: Session) -> set[str]:
    asked = GroupMember.email.in_([PERSON, NEW, OTHER])
    mine = GroupMember.enterprise_uuid == ACME
    return set(session.scalars(select(GroupMember.email).where(mine, asked)))


def test_the_export_is_all_of_one_person_and_nobody_else(world: Database) -> None:
    with world.transaction() as session:
        exported = export_person(session, ACME, PERSON)
    assert (exported.email, exported.lms_user_ids) == (PERSON, (ACCOUNT,))
    rows = exported.tables
    assert [row["email"] for row in rows["learners"]] == [PERSON]
    for table in ("enrollments", "assignments", "subsidy_transactions", "licenses", "deliveries"):
        assert rows[table], table
    assert [row["emails"] for row in rows["bulk_enrollment_jobs"]] == [[PERSON]]
    assert all(row["enterprise_uuid"] == ACME for table in rows.values() for row in table)
    assert OTHER not in str(exported)
