"""In whatever order transactions commit, a reader sees each event once, objects in their order."""

from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bursar.database.engine import Database
from bursar.events.log import read_log
from bursar.events.service import publish
from testing.databases.plugin import DIALECTS
from tests.events.test_log import placed
from tests.events.test_publish import ACTOR, ENTERPRISE, NOW, painted

WRITERS = 4
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, WRITERS - 1)),
        st.tuples(st.just("commit"), st.integers(0, WRITERS - 1)),
        st.tuples(st.just("roll back"), st.integers(0, WRITERS - 1)),
        st.tuples(st.just("look"), st.integers(0, 1)),
    ),
    max_size=30,
)


class Scene:
    """Writers that each have an object of their own, and readers that follow the log."""

    def __init__(self, database: Database, stack: ExitStack, begin: int) -> None:
        self._database = database
        self._stack = stack
        self._open: dict[int, Session] = {}
        self._pending: dict[int, int] = {}
        self.committed: dict[int, int] = dict.fromkeys(range(WRITERS), 0)
        self.seen: list[list[tuple[str, int]]] = [[], []]
        self._after = [begin, begin]

    def object_of(self, writer: int) -> UUID:
        return uuid5(ENTERPRISE, f"thing {writer}")

    def write(self, writer: int) -> None:
        if writer not in self._open:
            session = Session(self._database.write_engine, info=dict[Any, Any](self._database.info))
            self._open[writer] = self._stack.enter_context(session)
            self._pending[writer] = 0
        publish(self._open[writer], ACTOR, [painted(self.object_of(writer))], at=NOW)
        self._pending[writer] += 1

    def commit(self, writer: int) -> None:
        if session := self._open.pop(writer, None):
            session.commit()
            self.committed[writer] += self._pending[writer]

    def roll_back(self, writer: int) -> None:
        if session := self._open.pop(writer, None):
            session.rollback()

    def look(self, reader: int) -> None:
        placed_now(self._database)
        with self._database.read() as connection:
            page = read_log(connection, after=self._after[reader], limit=2 + reader)
        self.seen[reader] += [(row.object_id, row.version) for row in page.events]
        self._after[reader] = page.after

    def end(self) -> None:
        for writer in list(self._open):
            self.commit(writer)
        for reader in (0, 1):
            for _ in range(40):
                self.look(reader)


def placed_now(database: Database) -> None:
    while placed(database):
        pass


@pytest.mark.parametrize("dialect", DIALECTS[1:], indirect=True)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_every_event_is_seen_once_and_in_order(database: Database, steps: Any) -> None:
    begin = _newest_versions(database)
    with ExitStack() as stack:
        scene = Scene(database, stack, _end(database))
        for step, who in steps:
            getattr(scene, step.replace(" ", "_"))(who)
        scene.end()
    for seen in scene.seen:
        for writer, count in scene.committed.items():
            versions = [version for uuid, version in seen if uuid == str(scene.object_of(writer))]
            first = begin.get(str(scene.object_of(writer)), 0) + 1
            assert versions == list(range(first, first + count))


def _end(database: Database) -> int:
    placed_now(database)
    with database.read() as connection:
        return read_log(connection, after=None, limit=100_000).after


def _newest_versions(database: Database) -> dict[str, int]:
    placed_now(database)
    with database.read() as connection:
        page = read_log(connection, after=None, limit=100_000)
    return {row.object_id: row.version for row in page.events}
