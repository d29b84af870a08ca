"""The search for events without a place goes on, whatever lies in its way."""

from threading import Event
from time import monotonic
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, select, text, update

from bursar.database.doors import Door, opened
from bursar.database.engine import Database
from bursar.events import sequencing
from bursar.events.log import read_new
from bursar.events.models import EventPosition, EventRecord, EventSequence
from bursar.events.sequencing import Sequencer, is_behind, sequence
from bursar.events.service import publish
from bursar.jobs.context import JobContext
from bursar.jobs.queue import JobQueue
from bursar.work import event_loop
from testing.databases.plugin import DIALECTS
from testing.databases.statements import statements_of
from tests.events.test_log import PUBLIC, broken, dusted, followed, happened, placed
from tests.events.test_publish import ACTOR, NOW, painted


def state(database: Database) -> tuple[int, int]:
    """Up to where everything is placed, and the highest id of all."""
    with database.read() as connection:
        placed_to = connection.execute(select(EventSequence.placed_to)).scalar_one()
        return placed_to, connection.execute(select(func.max(EventRecord.id))).scalar_one()


def is_searched_to_the_end(database: Database) -> bool:
    """Soon: transactions of other tests, in other databases of the server, are waited for too."""
    until = monotonic() + 120
    while monotonic() < until:
        with database.transaction() as session:
            sequence(session)
        placed_to, highest = state(database)
        if placed_to == highest:
            return True
    return False


def test_internal_events_that_fill_a_batch_are_passed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "BATCH", 3)
    happened(database, *(dusted(uuid4()) for _ in range(7)))
    happened(database, *(broken(uuid4()) for _ in range(4)))
    counts = []
    for _ in range(4):
        with database.transaction() as session:
            counts.append(sequence(session))
    assert counts == [3, 1, 0, 0]
    assert is_searched_to_the_end(database)


@pytest.mark.parametrize("dialect", DIALECTS[:1], indirect=True)
def test_a_long_backlog_is_not_searched_from_its_beginning(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "BATCH", 3)
    happened(database, *(painted(uuid4()) for _ in range(12)))
    assert [placed(database) for _ in range(3)] == [3, 3, 3]
    placed_to, highest = state(database)
    assert placed_to == highest - 3


@pytest.mark.parametrize("dialect", DIALECTS[1:], indirect=True)
def test_a_server_that_numbers_transactions_anew_does_not_stop_the_search(
    database: Database,
) -> None:
    happened(database, painted(uuid4()))
    placed(database)
    with database.transaction() as session:
        session.execute(update(EventSequence).values(mark_transaction=2**60))
    happened(database, painted(uuid4()))
    assert [placed(database) for _ in range(3)] == [1, 0, 0]
    assert is_searched_to_the_end(database)


def test_an_event_with_an_id_that_was_deleted_gets_a_place(database: Database) -> None:
    happened(database, *(painted(uuid4()) for _ in range(3)))
    assert placed(database) == 3
    assert is_searched_to_the_end(database)
    with database.transaction() as session, opened(session, Door.DELETION):
        session.execute(delete(EventRecord))
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(EventPosition)).scalar() == 0
    late = uuid4()
    happened(database, painted(late))
    assert placed(database) == 1
    assert followed(database, after=3)[0] == [("thing.painted", str(late), 1)]


def test_a_reader_that_rested_too_long_goes_on_with_what_is_kept(database: Database) -> None:
    with database.transaction() as session:
        read_new(session, "fan-out", PUBLIC, 10)
    things = [uuid4() for _ in range(3)]
    happened(database, *map(painted, things))
    placed(database)
    with database.transaction() as session:
        session.execute(delete(EventPosition).where(EventPosition.position <= 2))
        session.execute(update(EventSequence).values(forgotten_to=2))
    with database.transaction() as session:
        page = read_new(session, "fan-out", PUBLIC, 10)
    assert page is not None
    assert [row.object_id for row in page.events] == [str(things[2])]


@pytest.mark.parametrize("dialect", DIALECTS[1:], indirect=True)
def test_a_lower_id_in_a_later_transaction_is_waited_for(database: Database) -> None:
    """The highest number that has ended is then lower than that of the one under way."""
    late, early = uuid4(), uuid4()
    with database.transaction() as slow:
        with database.transaction() as quick:
            quick.execute(text("SELECT pg_current_xact_id()"))
            publish(slow, ACTOR, [painted(late)], at=NOW)
            publish(quick, ACTOR, [painted(early)], at=NOW)
        assert [placed(database) for _ in range(3)] == [1, 0, 0]
    assert placed(database) == 1
    assert [uuid for _, uuid, _ in followed(database)[0]] == [str(early), str(late)]


def test_a_log_without_news_is_only_looked_at(database: Database) -> None:
    happened(database, painted(uuid4()))
    sequencer = Sequencer(database)
    assert sequencer.place() == 1
    assert is_searched_to_the_end(database)
    with statements_of(database) as counted:
        assert sequencer.place() == 0
    assert len(counted) == 1
    with database.read() as connection:
        assert not is_behind(connection)
    happened(database, painted(uuid4()))
    assert sequencer.place() == 1


@pytest.mark.parametrize("dialect", DIALECTS[1:], indirect=True)
def test_a_long_search_in_vain_is_not_repeated_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequencer = Sequencer(database)
    with database.transaction() as slow:
        slow.execute(text("SELECT pg_current_xact_id()"))
        happened(database, dusted(uuid4()))
        assert sequencer.place() == 0, "sets the mark that is waited for now"
        monkeypatch.setattr(sequencing, "_LONG", 0.0)
        assert sequencer.place() == 0
        happened(database, painted(uuid4()))
        assert sequencer.place() == 0
        assert Sequencer(database).place() == 1


def test_a_slow_search_that_gets_on_keeps_no_reader_from_what_comes_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "_LONG", 0.0)
    happened(database, dusted(uuid4()))
    sequencer = Sequencer(database)
    assert sequencer.place() == 0
    happened(database, painted(uuid4()))
    assert sequencer.place() == 1


def test_a_worker_gives_places_by_itself(database: Database) -> None:
    thing = uuid4()
    loop = event_loop()
    context = JobContext(database, JobQueue(database), Event())
    happened(database, painted(thing))
    assert loop.function(context) == 1
    assert [uuid for _, uuid, _ in followed(database)[0]] == [str(thing)]
    assert loop.idle_seconds == 1.0
