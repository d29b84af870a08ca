"""Whatever is done to the members of a group, they are what a set of addresses would be."""

from collections.abc import Set as AbstractSet
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.groups.queries import addresses_of
from bursar.groups.service import (
    ChangeMembers,
    change_members,
    create_group,
    find_group,
    replace_members,
)
from testing.databases.statements import statements_of
from testing.worlds.declared import declare

ACTOR = Actor("operator:test")
ENTERPRISE = uuid4()
ADDRESSES = [f"l{number}@example.org" for number in range(8)]
some = st.frozensets(st.sampled_from(ADDRESSES))
STEPS = st.lists(st.tuples(st.booleans(), some, some), max_size=6)


def new_group(database: Database) -> UUID:
    declare(database, {"enterprises": [{"uuid": str(ENTERPRISE), "name": "Acme", "slug": "acme"}]})
    with database.transaction() as session:
        return create_group(session, ACTOR, ENTERPRISE, "Any", at=clock.now()).uuid


@given(STEPS)
def test_membership_is_a_set(
    database: Database, steps: list[tuple[bool, AbstractSet[str], AbstractSet[str]]]
) -> None:
    group = new_group(database)
    model: frozenset[str] = frozenset()
    changes = 1
    for is_replaced, chosen, others in steps:
        before = model
        with database.transaction() as session:
            if is_replaced:
                model = frozenset(chosen)
                emails = [email.upper() for email in chosen]
                done = replace_members(session, ACTOR, group, emails, at=clock.now())
            else:
                model = (model | chosen) - (others - chosen)
                command = ChangeMembers(add=list(chosen), remove=list(others - chosen))
                done = change_members(session, ACTOR, group, command, at=clock.now())
        assert (done.added, done.removed) == (len(model - before), len(before - model))
        changes += model != before
        with database.read() as connection:
            assert addresses_of(connection, group) == sorted(model)
            assert find_group(connection, group) == done.group
            assert done.group.member_count == len(model)
    told = select(func.count()).select_from(EventRecord)
    with database.read() as connection:
        mine = told.where(EventRecord.object_id == str(group))
        assert connection.execute(mine).scalar_one() == changes


def test_ten_thousand_are_a_few_statements(database: Database) -> None:
    group = new_group(database)
    everybody = [f"learner-{number:05}@example.org" for number in range(10_000)]
    counts = []
    for several in (everybody[:2], everybody):
        with statements_of(database) as seen, database.transaction() as session:
            command = ChangeMembers(add=several, remove=["nobody@example.org"])
            done = change_members(session, ACTOR, group, command, at=clock.now())
        assert done.group.member_count == len(several)
        counts.append(len(seen))
    # SQLite takes a thousand rows at a time.
    assert counts[0] <= counts[1] <= counts[0] + 9
    with database.transaction() as session:
        command = ChangeMembers(remove=everybody)
        done = change_members(session, ACTOR, group, command, at=clock.now())
    assert (done.removed, done.group.member_count) == (10_000, 0)
