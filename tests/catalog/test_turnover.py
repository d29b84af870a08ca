"""What catalogs come to list, and list no more, is told in the transaction that changes it."""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bursar.catalog.catalogs import turnover
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.reevaluation import reevaluate
from bursar.catalog.catalogs.refresh import refresh_pending
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem, ContentState
from bursar.catalog.imports.completion import delete_missing
from bursar.catalog.membership.models import QueryMember
from bursar.catalog.membership.turnover import (
    ComeOrGone,
    changed_listing,
    listed_now,
    note,
    turnover_of,
)
from bursar.clock import FOREVER, NEVER
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from testing.databases.statements import statements_of
from testing.worlds.catalog import (
    ACTOR,
    CATALOG,
    ENTERPRISE,
    at,
    course,
    members,
    program,
    put,
    store,
)

OTHER = UUID(int=7)
COURSES: dict[str, Any] = {"content_type": "course"}
ADDED, REMOVED = "catalog.content_added", "catalog.content_removed"


def unpublished(name: str) -> dict[str, Any]:
    return course(name, course_runs=[{"key": f"course-v1:edX+{name}+1", "status": "unpublished"}])


def closing(name: str, end: datetime) -> dict[str, Any]:
    run = {"key": f"course-v1:edX+{name}+1", "status": "published"}
    return course(name, course_runs=[run | {"enrollment_end": end.isoformat()}])


def told(session: Session, uuid: UUID = CATALOG) -> Sequence[EventRecord]:
    statement = (
        select(EventRecord)
        .where(EventRecord.type.in_((ADDED, REMOVED)), EventRecord.object_id == str(uuid))
        .order_by(EventRecord.id)
    )
    return session.scalars(statement).all()


def last(session: Session, uuid: UUID = CATALOG) -> tuple[str, list[tuple[str, str]]]:
    """The type of the last event, and key and reason of each item."""
    event = told(session, uuid)[-1]
    data = event.data or {}
    assert data["catalog_uuid"] == str(uuid)
    assert {item["content_type"] for item in data["items"]} == {"course"}
    return event.type, [(item["key"], item["reason"]) for item in data["items"]]


@pytest.fixture
def session(database: Database) -> Any:
    with database.transaction() as session:
        put(session, COURSES)
        yield session


def test_what_is_imported_is_told_once(session: Session) -> None:
    store(session, [course("A"), course("B"), unpublished("C")], at(1))
    assert last(session) == (ADDED, [("edX+A", "selected"), ("edX+B", "selected")])
    store(session, [course("A", title="Another"), course("B")], at(2))
    (event,) = told(session)
    assert (event.actor, event.at, event.version) == (ACTOR.name, at(1), 2)
    assert event.enterprise_uuid == ENTERPRISE


def test_each_reason_for_coming_and_going(session: Session) -> None:
    store(session, [course("A"), course("B")], at(1))
    store(session, [unpublished("A")], at(2))
    assert last(session) == (REMOVED, [("edX+A", "unpublished")])
    store(session, [course("A")], at(3))
    assert last(session) == (ADDED, [("edX+A", "opened")])
    store(session, [closing("A", at(4))], at(5))
    assert last(session) == (REMOVED, [("edX+A", "closed")])
    world = {ContentType.COURSE: {"edX+A"}}
    delete_missing(session, ACTOR, world, at(6), force=True)
    assert last(session) == (REMOVED, [("edX+B", "deleted")])
    store(session, [course("B")], at(7))
    assert last(session) == (ADDED, [("edX+B", "selected")])
    put(session, {"key": ["edX+Z"]}, at(8))
    assert last(session) == (REMOVED, [("edX+B", "filtered")])


def test_a_document_that_leaves_the_filter(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"title": "A"})
        store(session, [course("A")], at(1))
        store(session, [course("A", title="Z")], at(2))
        assert last(session) == (REMOVED, [("edX+A", "filtered")])


def test_of_several_changes_of_one_transaction_the_sum_is_told(session: Session) -> None:
    store(session, [course("A")], at(1))
    before = len(told(session))
    put(session, {"key": ["edX+Z"]}, at(2))
    put(session, COURSES, at(3))
    assert [event.type for event in told(session)[before:]] == [REMOVED, ADDED]


def test_programs_are_named_by_uuid(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"content_type": "program"})
        document = program(1, status="active")
        store(session, [document], at(1))
        (event,) = told(session)
        assert event.data == {
            "catalog_uuid": str(CATALOG),
            "items": [{"uuid": document["uuid"], "content_type": "program", "reason": "selected"}],
        }


def test_each_catalog_of_a_filter_is_told(session: Session) -> None:
    put(session, COURSES, at(1), uuid=OTHER)
    store(session, [course("A")], at(2))
    assert last(session) == last(session, OTHER) == (ADDED, [("edX+A", "selected")])


def test_what_a_catalog_begins_with_is_not_told(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A")])
        put(session, COURSES, at(1))
        assert told(session) == []


def test_a_filter_that_is_evaluated_later_is_told_when_it_is_served(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"key": ["edX+A"]})
        store(session, [course("A"), course("B")], at(1))
        put(session, COURSES, at(2), limit=0)
        assert len(told(session)) == 1
    refresh_pending(database)
    with database.transaction() as session:
        assert last(session) == (ADDED, [("edX+B", "selected")])
        assert told(session)[-1].actor == "job:refresh-query"


def test_many_are_many_events(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turnover, "ITEMS", 3)
    monkeypatch.setattr(turnover, "AT_ONCE", 2)
    store(session, [course(f"C{number}") for number in range(8)], at(1))
    assert [len((event.data or {})["items"]) for event in told(session)] == [3, 3, 2]
    assert [event.version for event in told(session)] == [2, 3, 4]


def test_five_hundred_are_one_event_and_a_few_statements(
    database: Database, session: Session
) -> None:
    store(session, [course("A")], at(1))
    with statements_of(database) as few:
        store(session, [course("B")], at(2))
    with statements_of(database) as many:
        store(session, [course(f"C{number:04}") for number in range(500)], at(3))
    assert len((told(session)[-1].data or {})["items"]) == 500
    assert len([each for each in many if "INTO events" in each]) <= 2
    assert len(many) <= len(few) + 5


def test_changed_rules_are_told(database: Database) -> None:
    with database.transaction() as session:
        put(session, COURSES)
        store(session, [course("A")], at(1))
        session.execute(delete(QueryMember))
        session.execute(update(ContentState).values(evaluated_by="older"))
    reevaluate(database)
    with database.transaction() as session:
        assert last(session) == (ADDED, [("edX+A", "selected")])
        assert told(session)[-1].actor == "upgrade"


@pytest.mark.parametrize("seed", range(4))
def test_who_follows_the_events_knows_what_is_listed(database: Database, seed: int) -> None:
    random = Random(seed)
    names = "ABCDEF"
    filters: list[dict[str, Any]] = [COURSES, {"title": ["A", "B", "X"]}, {"key": ["edX+C"]}]
    with database.transaction() as session:
        put(session, COURSES)
    for minute in range(1, 25):
        with database.transaction() as session:
            what = random.randrange(6)
            name = random.choice(names)
            if what < 3:
                changed = course(name, title=random.choice([name, "X"]))
                store(session, [random.choice([changed, unpublished(name)])], at(minute))
            elif what == 3:
                world = {ContentType.COURSE: {f"edX+{each}" for each in names if each != name}}
                delete_missing(session, ACTOR, world, at(minute), force=True)
            else:
                limit = random.choice([0, 1_000])
                put(session, random.choice(filters), at(minute), limit=limit)
        if random.random() < 0.3:
            refresh_pending(database)
        with database.transaction() as session:
            assert mirrored(session) == listed(session, at(minute)), minute


def mirrored(session: Session) -> set[str]:
    known: set[str] = set()
    for event in told(session):
        keys = {item["key"] for item in (event.data or {})["items"]}
        assert keys.isdisjoint(known) if event.type == ADDED else keys <= known
        known = known | keys if event.type == ADDED else known - keys
    return known


def listed(session: Session, now: datetime) -> set[str]:
    statement = (
        select(ContentItem.key)
        .join(QueryMember, QueryMember.content_id == ContentItem.id)
        .join(Catalog, Catalog.query_uuid == QueryMember.query_uuid)
        .where(
            Catalog.uuid == CATALOG,
            QueryMember.removed_at.is_(None),
            QueryMember.active_until > now,
        )
    )
    found = set(session.scalars(statement))
    assert found <= set(members(session))
    return found


def test_of_several_notes_the_first_before_and_the_last_after_count(session: Session) -> None:
    query = UUID(int=1)
    steps: list[tuple[int, datetime | None, datetime | None]] = [
        (1, FOREVER, None),
        (1, None, FOREVER),
        (2, None, FOREVER),
        (2, FOREVER, NEVER),
        (3, FOREVER, NEVER),
        (3, NEVER, None),
    ]
    for content_id, before, after in steps:
        change = changed_listing(before, after, at(1))
        if change is not None:
            note(session, query, content_id, change)
    changes = turnover_of(session).of_queries[query]
    assert listed_now(changes, come=True) == {}
    assert listed_now(changes, come=False) == {3: ComeOrGone.UNPUBLISHED}
