"""What people are shown of catalogs: counted, listed and followed over time, each in statements
whose number depends on no number of catalogs or documents."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.sources import sources_of
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.listings.counts import CatalogCounts
from bursar.catalog.listings.items import (
    CatalogItem,
    ItemSelection,
    all_items,
    catalogs_without_items,
    count_closing,
    list_items,
)
from bursar.clock import format_instant
from bursar.database.engine import Database
from bursar.pages import PageOutOfRange, PageRequest
from testing.databases.statements import statements_of
from testing.worlds.catalog import CATALOG, at, course, program, put, store

COURSES = 12
SOON = timedelta(hours=1)


def closing(name: str, minute: int | None, **fields: Any) -> dict[str, Any]:
    """A course in which nobody can enroll from a minute on."""
    key = f"course-v1:edX+{name}+1"
    end = None if minute is None else format_instant(at(minute))
    runs = [{"key": key, "status": "published", "enrollment_end": end}]
    return course(name, **{"course_runs": runs, **fields})


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction() as session:
        courses = [
            closing(f"C{number:02}", None if number % 4 == 0 else 10 * number, title=f"T{number}")
            for number in range(COURSES)
        ]
        store(session, [*courses, program(1, title="A program"), closing("Gone", -10)])
        put(session, {}, at(0))
    return database


def query_of(session: Session, catalog: UUID = CATALOG) -> UUID:
    query = session.scalar(select(Catalog.query_uuid).where(Catalog.uuid == catalog))
    assert query is not None
    return query


def test_counts_hold_until_something_closes_or_changes(filled: Database) -> None:
    counts = CatalogCounts()

    def counted(minute: int) -> tuple[int, int, int]:
        with filled.read() as connection:
            source = sources_of(connection, [CATALOG])[CATALOG]
            assert source.query_uuid is not None
            versions = {source.query_uuid: source.version}
            (found,) = counts.of_queries(connection, versions, at(minute)).values()
        return found.of(ContentType.COURSE), found.of(ContentType.PROGRAM), found.selected

    assert counted(1) == (COURSES, 1, COURSES + 2)
    with statements_of(filled) as seen:
        assert counted(9) == (COURSES, 1, COURSES + 2)
    assert len(seen) == 1
    assert counted(10) == (COURSES - 1, 1, COURSES + 2)
    # Whose clock is behind is told what was listed then.
    assert counted(9) == (COURSES, 1, COURSES + 2)
    with filled.transaction() as session:
        store(session, [closing("New", None)], at(11))
    assert counted(11) == (COURSES, 1, COURSES + 3)


def test_many_catalogs_are_counted_in_one_statement(filled: Database) -> None:
    others = [uuid4() for _ in range(20)]
    with filled.transaction() as session:
        for number, uuid in enumerate(others):
            put(session, {"title": f"T{number}"}, at(1), uuid=uuid)
    with filled.read() as connection, statements_of(filled) as seen:
        sources = sources_of(connection, [CATALOG, *others])
        versions = {each.query_uuid: each.version for each in sources.values() if each.query_uuid}
        counts = CatalogCounts().of_queries(connection, versions, at(1))
        closing_soon = count_closing(connection, list(versions), at(1), at(1) + SOON)
        empty = catalogs_without_items(connection, others, at(1))
    assert len(seen) == 4
    totals = [counts[sources[uuid].query_uuid or CATALOG].total for uuid in others]
    assert totals == [1] * COURSES + [0] * 8
    assert sum(closing_soon.values()) == 2 * sum(n % 4 != 0 for n in range(7))
    assert {uuid for uuid, _ in empty} == set(others[COURSES:])


def test_items_are_chosen_as_a_person_would_choose_them(filled: Database) -> None:
    with filled.transaction() as session:
        query = query_of(session)
    selections = [
        ItemSelection(text, kind, before, by_deadline)
        for text in ("", "t1", "edx c0", "nowhere", "\x00", "100%_")
        for kind in (None, ContentType.COURSE, ContentType.PROGRAM)
        for before in (None, at(45))
        for by_deadline in (False, True)
    ]
    with filled.read() as connection:
        everything = list(all_items(connection, query, ItemSelection(), at(25)))
        assert [each.key for each in everything] == sorted(each.key for each in everything)
        for selection in selections:
            expected = chosen(everything, selection)
            assert list(all_items(connection, query, selection, at(25))) == expected, selection
            for size in (3, 50):
                pages = -(-len(expected) // size) or 1
                found = []
                for number in range(1, pages + 1):
                    wanted = PageRequest(size, number)
                    page, items = list_items(connection, query, selection, wanted, at(25))
                    assert page.count == len(expected), selection
                    found += items
                assert found == expected, selection
                beyond = PageRequest(size, pages + 1)
                with pytest.raises(PageOutOfRange):
                    list_items(connection, query, selection, beyond, at(25))


def chosen(items: list[CatalogItem], selection: ItemSelection) -> list[CatalogItem]:
    words = [each for each in selection.text.lower().split() if each != "\x00"]
    found = [
        each
        for each in items
        if all(word in each.title.lower() or word in each.key.lower() for word in words)
        and selection.content_type in (None, each.content_type)
        and (
            selection.closes_before is None
            or (each.closes is not None and each.closes < selection.closes_before)
        )
    ]
    if selection.by_deadline:
        return sorted(found, key=lambda each: (each.closes is None, each.closes or at(0), each.key))
    return found
