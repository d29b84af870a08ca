"""Indexes that a web process remembers."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import cast
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from bursar.catalog.listings import indexes as remembered
from bursar.catalog.listings.indexes import EMPTY, MemberIndex, MemberIndexes

NO_CONNECTION = cast("Connection", None)


def index_at(version: int) -> MemberIndex:
    return MemberIndex(version, EMPTY.content_modified_at, EMPTY.ids, EMPTY.closes)


class Builds:
    """Stands for the database: every build is counted."""

    def __init__(self) -> None:
        self.count = 0
        self.version = 1

    def __call__(self, _connection: object, _query: object) -> MemberIndex:
        self.count += 1
        return index_at(self.version)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Builds:
    builds = Builds()
    monkeypatch.setattr(remembered, "_build", builds)
    return builds


def test_an_index_is_built_once_for_each_version(builds: Builds) -> None:
    indexes, query = MemberIndexes(), uuid4()
    for version in (1, 1, 2, 2, 1):
        builds.version = version
        assert indexes.get(NO_CONNECTION, query, version).version >= version
    assert builds.count == 2
    assert indexes.get(NO_CONNECTION, None, 7) is EMPTY


def test_the_index_that_was_not_used_for_the_longest_goes_first(builds: Builds) -> None:
    indexes, first, second, third = MemberIndexes(2), uuid4(), uuid4(), uuid4()
    for query in (first, second, first, third, first):
        indexes.get(NO_CONNECTION, query, 1)
    assert builds.count == 3
    indexes.get(NO_CONNECTION, second, 1)
    assert builds.count == 4


def test_a_known_index_does_not_wait_for_another_one_that_is_built(
    builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexes, known = MemberIndexes(), uuid4()
    indexes.get(NO_CONNECTION, known, 1)
    begun, may_end = Event(), Event()

    def slow(_connection: object, _query: object) -> MemberIndex:
        begun.set()
        assert may_end.wait(20)
        return index_at(1)

    monkeypatch.setattr(remembered, "_build", slow)
    with ThreadPoolExecutor(2) as threads:
        building = threads.submit(indexes.get, NO_CONNECTION, uuid4(), 1)
        assert begun.wait(20)
        assert threads.submit(indexes.get, NO_CONNECTION, known, 1).result(20).version == 1
        assert not building.done()
        may_end.set()
