"""In whatever order transactions commit, a reader sees each event that it wants once, and those of
each object in their order."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bursar.database.engine import Database
from bursar.events.event import Event
from bursar.events.log import read_log
from bursar.events.service import publish
from tests.events.test_log import broken, dusted, placed
from tests.events.test_publish import ACTOR, NOW, painted

WRITERS = 4
OTHERS = uuid4()
KINDS: tuple[Callable[[UUID], Event], ...] = (
    painted,
    broken,
    dusted,
    lambda uuid: broken(uuid, OTHERS),
)
WRITER = st.integers(0, WRITERS - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), WRITER, st.integers(0, len(KINDS) - 1)),
        st.tuples(st.sampled_from(["commit", "roll back"]), WRITER),
        st.tuples(st.just("look"), st.integers(0, 2)),
    ),
    max_size=30,
)
Seen = tuple[str, str, int]


@dataclass
class Reader:
    after: int
    limit: int
    types: tuple[str, ...] = ()
    enterprise: UUID | None = None
    seen: list[Seen] = field(default_factory=list)

    def wants(self, kind: str, enterprise: UUID | None) -> bool:
        if self.types and kind not in self.types:
            return False
        return self.enterprise in {None, enterprise}

    def look(self, database: Database) -> bool:
        """Whether there is more."""
        with database.read() as connection:
            page = read_log(
                connection,
                after=self.after,
                enterprise_uuid=self.enterprise,
                types=self.types,
                limit=self.limit,
            )
        self.seen += [(row.object_id, row.type, row.version) for row in page.events]
        self.after = page.after
        return page.has_more


class Scene:
    """Writers that each have an object of their own, and readers that want different events."""

    def __init__(self, database: Database, stack: ExitStack, begin: int) -> None:
        self._database = database
        self._stack = stack
        self._things = [uuid4() for _ in range(WRITERS)]
        self._versions = [0] * WRITERS
        """Of public events: others are counted apart."""
        self._open: dict[int, Session] = {}
        self._pending: dict[int, list[tuple[Event, int]]] = {}
        self.committed: list[tuple[Event, int]] = []
        self.readers = [
            Reader(begin, 2),
            Reader(begin, 3, types=("thing.broken",)),
            Reader(begin, 1, enterprise=OTHERS),
        ]

    def write(self, writer: int, kind: int) -> None:
        if self._database.is_sqlite:
            for other in [each for each in self._open if each != writer]:
                self.commit(other)
        if writer not in self._open:
            session = Session(self._database.write_engine, info=dict[Any, Any](self._database.info))
            self._open[writer] = self._stack.enter_context(session)
            self._pending[writer] = []
        event = KINDS[kind](self._things[writer])
        publish(self._open[writer], ACTOR, [event], at=NOW)
        if event.is_public:
            version = self._versions[writer] + len(self._pending[writer]) + 1
            self._pending[writer].append((event, version))

    def commit(self, writer: int) -> None:
        if session := self._open.pop(writer, None):
            session.commit()
            self.committed += self._pending[writer]
            self._versions[writer] += len(self._pending[writer])

    def roll_back(self, writer: int) -> None:
        if session := self._open.pop(writer, None):
            session.rollback()

    def look(self, reader: int) -> None:
        # On SQLite nobody else can write now, and so nobody gives places.
        if not (self._database.is_sqlite and self._open):
            placed(self._database)
        self.readers[reader].look(self._database)

    def end(self) -> None:
        for writer in list(self._open):
            self.commit(writer)
        while placed(self._database):
            pass
        for reader in self.readers:
            while reader.look(self._database):
                pass


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_every_reader_sees_what_it_wants_once_and_in_order(database: Database, steps: Any) -> None:
    with ExitStack() as stack:
        scene = Scene(database, stack, _end(database))
        for step, *arguments in steps:
            getattr(scene, step.replace(" ", "_"))(*arguments)
        scene.end()
    for reader in scene.readers:
        wanted = [
            (str(event.object_id), event.type, version)
            for event, version in scene.committed
            if reader.wants(event.type, event.enterprise_uuid)
        ]
        assert sorted(reader.seen) == sorted(wanted)
        for thing in {uuid for uuid, _, _ in wanted}:
            versions = [version for uuid, _, version in reader.seen if uuid == thing]
            assert versions == sorted(versions)


def _end(database: Database) -> int:
    while placed(database):
        pass
    with database.read() as connection:
        return read_log(connection, after=None, limit=100_000).after
