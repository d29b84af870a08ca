"""Every committed event gets one place in the log, whatever commits late."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from bursar.database.engine import Database
from bursar.events.event import Event
from bursar.events.forgetting import forget_shown
from bursar.events.log import CursorTooOld, LogPage, newest_position, read_log, read_new
from bursar.events.sequencing import sequence
from bursar.events.service import publish
from bursar.identity.models import Enterprise
from testing.databases.plugin import DIALECTS
from tests.events.test_publish import (
    ACTOR,
    ENTERPRISE,
    NOW,
    ThingBroken,
    ThingDusted,
    painted,
)

PUBLIC = {"thing.painted", "thing.broken"}


def broken(uuid: UUID, enterprise: UUID = ENTERPRISE) -> Event:
    return ThingBroken(object_id=uuid, enterprise_uuid=enterprise, data={"uuid": str(uuid)})


def dusted(uuid: UUID) -> Event:
    return ThingDusted(object_id=uuid, enterprise_uuid=ENTERPRISE, data={"uuid": str(uuid)})


def happened(database: Database, *events: Event) -> None:
    with database.transaction() as session:
        publish(session, ACTOR, events, at=NOW)


def placed(database: Database) -> int:
    with database.transaction() as session:
        return sequence(session)


def followed(
    database: Database, after: int | None = None, types: Sequence[str] = (), limit: int = 100
) -> tuple[list[tuple[str, str, int]], int]:
    """Type, object and version of everything that follows, and where it ended."""
    seen = []
    while True:
        with database.read() as connection:
            page = read_log(connection, after=after, types=types, limit=limit)
        seen += [(row.type, row.object_id, row.version) for row in page.events]
        after = page.after
        if not page.has_more:
            return seen, after


@contextmanager
def under_way(database: Database, *events: Event) -> Iterator[Session]:
    """A transaction that has published and is not committed before the block ends."""
    with database.transaction() as session:
        publish(session, ACTOR, events, at=NOW)
        yield session


def test_a_reader_sees_events_in_order_and_once(database: Database) -> None:
    first, second = uuid4(), uuid4()
    happened(database, painted(first), painted(second))
    happened(database, broken(first))
    assert placed(database) == 3
    seen, end = followed(database, limit=2)
    assert seen == [
        ("thing.painted", str(first), 1),
        ("thing.painted", str(second), 1),
        ("thing.broken", str(first), 2),
    ]
    assert placed(database) == 0
    assert followed(database, end) == ([], end)


def test_a_reader_of_one_type_goes_past_the_others(database: Database) -> None:
    things = [uuid4() for _ in range(5)]
    happened(database, *map(painted, things))
    happened(database, broken(things[0]))
    placed(database)
    seen, end = followed(database, types=["thing.broken"], limit=1)
    assert [kind for kind, _, _ in seen] == ["thing.broken"]
    with database.read() as connection:
        assert end == newest_position(connection)


def test_a_reader_of_one_enterprise_sees_nothing_of_others(database: Database) -> None:
    other = uuid4()
    happened(database, broken(uuid4()), broken(uuid4(), other))
    placed(database)
    with database.read() as connection:
        page = read_log(connection, after=None, enterprise_uuid=other, limit=10)
    assert [row.enterprise_uuid for row in page.events] == [other]


class TestReadersOfFewTypes:
    """A call looks at so many events of whom it asks for, and others' do not count."""

    @pytest.fixture(autouse=True)
    def short_look(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bursar.events.log.SCANNED", 3)

    def page(self, database: Database, after: int | None, enterprise: UUID | None) -> LogPage:
        with database.read() as connection:
            return read_log(
                connection,
                after=after,
                enterprise_uuid=enterprise,
                types=["thing.broken"],
                limit=10,
            )

    def test_others_events_make_no_page_empty(self, database: Database) -> None:
        quiet = uuid4()
        happened(database, *(painted(uuid4()) for _ in range(10)), broken(uuid4(), quiet))
        placed(database)
        page = self.page(database, None, quiet)
        assert [(row.position, row.type) for row in page.events] == [(11, "thing.broken")]
        assert (page.after, page.has_more) == (11, False)

    def test_own_events_of_other_types_do(self, database: Database) -> None:
        happened(database, broken(uuid4(), uuid4()), *(painted(uuid4()) for _ in range(4)))
        happened(database, broken(uuid4()))
        placed(database)
        first = self.page(database, None, ENTERPRISE)
        assert (list(first.events), first.after, first.has_more) == ([], 4, True)
        second = self.page(database, first.after, ENTERPRISE)
        assert [row.position for row in second.events] == [6]
        assert (second.after, second.has_more) == (6, False)

    def test_who_reads_all_enterprises_looks_at_all(self, database: Database) -> None:
        happened(database, *(painted(uuid4()) for _ in range(4)), broken(uuid4(), uuid4()))
        placed(database)
        first = self.page(database, None, None)
        assert (list(first.events), first.after, first.has_more) == ([], 3, True)
        assert [row.position for row in self.page(database, 3, None).events] == [5]


def test_what_is_not_public_has_no_place(database: Database) -> None:
    happened(database, dusted(uuid4()), broken(uuid4()))
    assert placed(database) == 1
    assert [kind for kind, _, _ in followed(database)[0]] == ["thing.broken"]


@pytest.mark.parametrize("dialect", DIALECTS[1:], indirect=True)
def test_what_commits_late_comes_late(database: Database) -> None:
    late, early = uuid4(), uuid4()
    with under_way(database, painted(late)):
        happened(database, painted(early))
        assert placed(database) == 1
        seen, end = followed(database)
        assert [one for _, one, _ in seen] == [str(early)]
        # Several looks, while the search must not begin behind the gap.
        for _ in range(3):
            happened(database, painted(uuid4()))
            assert placed(database) == 1
    assert placed(database) == 1
    rest, _ = followed(database, end)
    assert [one for _, one, _ in rest][-1] == str(late)
    assert len(rest) == 4


@pytest.mark.parametrize("dialect", DIALECTS[1:], indirect=True)
def test_what_is_rolled_back_leaves_no_hole(database: Database) -> None:
    with pytest.raises(RuntimeError), under_way(database, painted(uuid4())):
        raise RuntimeError
    happened(database, painted(uuid4()))
    assert placed(database) == 1
    with database.read() as connection:
        assert newest_position(connection) == 1


@pytest.mark.parametrize("dialect", DIALECTS[1:], indirect=True)
def test_one_gives_places_at_a_time(database: Database) -> None:
    happened(database, painted(uuid4()))
    with database.transaction() as session:
        assert sequence(session) == 1
        assert placed(database) == 0


def read_in_vain(database: Database) -> None:
    """By a transaction that fails afterwards."""
    with database.transaction() as session:
        read_new(session, "fan-out", PUBLIC, 10)
        raise RuntimeError


def test_a_reader_inside_keeps_its_place_with_its_work(database: Database) -> None:
    def read() -> list[str]:
        with database.transaction() as session:
            page = read_new(session, "fan-out", PUBLIC, 10)
            assert page is not None
            return [row.object_id for row in page.events]

    happened(database, painted(uuid4()))
    placed(database)
    assert read() == []  # it begins now
    thing = uuid4()
    happened(database, painted(thing))
    placed(database)
    with pytest.raises(RuntimeError):
        read_in_vain(database)
    assert read() == [str(thing)]
    assert read() == []


def test_an_old_cursor_is_told_where_to_begin(database: Database) -> None:
    with database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE event_sequence SET forgotten_to = 7")
    with database.read() as connection, pytest.raises(CursorTooOld) as caught:
        read_log(connection, after=6, limit=1)
    assert caught.value.oldest == 7


def test_old_events_leave_the_log_with_what_they_show(database: Database) -> None:
    with database.transaction() as session:
        publish(session, ACTOR, [painted(uuid4())], at=NOW - timedelta(days=91))
    happened(database, painted(uuid4()))
    placed(database)
    assert forget_shown(database, NOW - timedelta(days=90)) == 1
    with database.read() as connection:
        with pytest.raises(CursorTooOld) as caught:
            read_log(connection, after=0, limit=10)
        assert caught.value.oldest == 1
        page = read_log(connection, after=None, limit=10)
    assert [row.data is None for row in page.events] == [False]


def test_a_sandbox_whose_clock_is_ahead_keeps_nobody_in_the_log(database: Database) -> None:
    ahead = timedelta(days=200)
    sandbox = Enterprise(uuid=uuid4(), name="Rehearsal", slug="rehearsal", is_sandbox=True)
    sandbox.created_at = sandbox.modified_at = NOW
    sandbox.clock_seconds = int(ahead.total_seconds())
    long_ago = NOW - timedelta(days=91)
    with database.transaction() as session:
        session.add(sandbox)
        session.flush()
        publish(session, ACTOR, [broken(uuid4(), sandbox.uuid)], at=long_ago + ahead)
    with database.transaction() as session:
        publish(session, ACTOR, [painted(uuid4())], at=long_ago)
    happened(database, painted(uuid4()))
    assert placed(database) == 3
    forget_shown(database, NOW - timedelta(days=90))
    with database.read() as connection, pytest.raises(CursorTooOld) as caught:
        read_log(connection, after=0, limit=10)
    assert caught.value.oldest == 2


def test_an_old_event_without_a_place_gets_none_when_it_is_forgotten(database: Database) -> None:
    with database.transaction() as session:
        publish(session, ACTOR, [painted(uuid4())], at=NOW - timedelta(days=91))
    assert forget_shown(database, NOW - timedelta(days=90)) == 1
    assert placed(database) == 0
