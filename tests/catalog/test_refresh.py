"""Filters over much content: the catalog changes over in one step, when everything is ready."""

import threading

import pytest

from bursar.catalog.catalogs import refresh
from bursar.catalog.catalogs.checks import check_catalogs
from bursar.catalog.catalogs.refresh import refresh_pending
from bursar.catalog.membership import service as membership
from bursar.database.engine import Database
from testing.worlds.catalog import at, course, members, put, store

LIMIT = 3


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "BATCH", 2)


def names(*letters: str) -> list[str]:
    return [f"edX+{letter}" for letter in letters]


def test_a_catalog_serves_its_old_filter_until_the_new_one_is_ready(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A", level_type="x"), course("B")])
        put(session, {"level_type": "x"}, limit=LIMIT)
        store(session, [course(letter) for letter in "CDEF"], at(1))
        put(session, {"content_type": "course"}, at(2), limit=LIMIT)
        assert members(session) == names("A")
        assert len(refresh.pending_queries(session)) == 1
    with database.transaction() as session:
        (waiting,) = refresh.pending_queries(session)
        assert not refresh.refresh_step(session, waiting, at(3))
        assert members(session) == names("A")
    assert refresh_pending(database) == 1
    with database.transaction() as session:
        assert members(session) == names(*"ABCDEF")
        assert refresh.pending_queries(session) == []
        assert list(check_catalogs(session)) == []


def test_content_that_arrives_during_a_refresh_is_not_missed(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course(letter) for letter in "ABCDE"])
        put(session, {"level_type": "x"}, at(1), limit=LIMIT)
        (waiting,) = refresh.pending_queries(session)
        refresh.refresh_step(session, waiting, at(2))
    with database.transaction() as session:
        store(session, [course("A", level_type="x"), course("Z", level_type="x")], at(3))
    refresh_pending(database)
    with database.transaction() as session:
        assert members(session) == names("A", "Z")
        assert list(check_catalogs(session)) == []


def test_several_refreshers_at_once_do_it_right(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course(letter) for letter in "ABCDEFGHIJ"])
        put(session, {"content_type": "course"}, at(1), limit=LIMIT)
    threads = [threading.Thread(target=refresh_pending, args=(database,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.transaction() as session:
        assert members(session) == names(*"ABCDEFGHIJ")
        assert list(check_catalogs(session)) == []


def test_changing_back_before_it_is_ready_forgets_the_new_filter(database: Database) -> None:
    with database.transaction() as session:
        store(session, [course("A", level_type="x"), course("B")])
        put(session, {"level_type": "x"}, limit=LIMIT)
        store(session, [course(letter) for letter in "CDEF"], at(1))
        put(session, {"content_type": "course"}, at(2), limit=LIMIT)
        put(session, {"level_type": "x"}, at(3), limit=LIMIT)
    refresh_pending(database)
    with database.transaction() as session:
        assert members(session) == names("A")
        assert refresh.pending_queries(session) == []
