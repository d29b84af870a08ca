"""One process works on a run, and whoever comes after it goes on."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from bursar import clock
from bursar.catalog.imports.service import store_documents
from bursar.catalog.sync import applying
from bursar.catalog.sync.forgetting import forget_syncs
from bursar.catalog.sync.refusals import AlreadyRunning, LostHold, SyncStopped
from bursar.catalog.sync.running import Order, synchronise
from bursar.catalog.sync.service import is_sync_due
from bursar.catalog.sync.states import SyncState
from bursar.database.engine import Database
from testing.fakes.discovery import Trouble
from testing.worlds.discovery import ACTOR, PATTERN, Syncing, runs, stored, syncing


def is_due(world: Syncing, database: Database, minutes: float) -> bool:
    at = clock.now() + timedelta(minutes=minutes)
    with database.transaction() as session:
        return is_sync_due(session, world.source().name, PATTERN, at)


def test_a_second_process_is_refused_and_takes_over_when_the_first_one_died(
    database: Database,
) -> None:
    with syncing(courses=5) as world:
        refused: list[str] = []

        def look(listing: str, link: str) -> str | None:
            """While the first process waits for its second page, another one comes, twice."""
            world.service.next_links = None
            inner = threading.Thread(target=come)
            inner.start()
            inner.join()
            return link

        def come() -> None:
            with pytest.raises(AlreadyRunning) as error:
                world.sync(database)
            refused.append(str(error.value))
            with clock.frozen_at(clock.now() + timedelta(minutes=4)):
                assert world.sync(database).state is SyncState.DONE

        world.service.next_links = look
        world.service.lock = _NoLock()  # type: ignore[assignment]
        with pytest.raises(LostHold):
            world.sync(database)
    assert len(refused) == 1
    assert "another process is syncing" in refused[0]
    assert len(stored(database)) == 11
    assert [run.state for run in runs(database)] == ["done"]


class _NoLock:
    """The service answers the second process while it answers the first."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


def test_a_process_that_is_told_to_stop_lets_go_at_once(database: Database) -> None:
    with syncing(courses=5, per_hour=4) as world:
        source = world.source()
        with pytest.raises(SyncStopped):
            synchronise(database, source, ACTOR, Order(PATTERN, 20), pause=lambda s: s > 0)
        source.close()
        (run,) = runs(database)
        assert (run.state, run.holder, run.failures, run.pages) == ("open", None, 0, 2)
        assert is_due(world, database, 0)
        world.per_hour = 1_000
        assert world.sync(database).is_resumed


def test_when_a_worker_begins_by_itself(database: Database) -> None:
    with syncing(courses=5) as world:
        assert is_due(world, database, 0)
        world.sync(database)
        assert not is_due(world, database, 59)
        assert is_due(world, database, 61)


def test_after_failures_a_worker_waits_longer_and_longer(database: Database) -> None:
    with syncing(courses=5) as world:
        world.service.script(Trouble("courses", status=403, times=9))
        for minutes in (5, 10, 20, 40, 60, 60):
            world.sync(database)
            assert not is_due(world, database, minutes - 1)
            assert is_due(world, database, minutes + 1)


def test_a_defect_of_bursar_ends_the_run_and_lets_go(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bursar.catalog.sync.applying.store_documents", broken)
    with syncing(courses=5) as world:
        with pytest.raises(ZeroDivisionError):
            world.sync(database)
        monkeypatch.undo()
        (run,) = runs(database)
        assert (run.reason, run.holder) == ("an error of Bursar: ZeroDivisionError", None)
        assert world.sync(database).state is SyncState.DONE


def test_a_run_that_died_while_it_was_applied_is_applied_to_its_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = list[int]()

    def dies(session: Session, *rest: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return store_documents(session, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(applying, "store_documents", dies)
    with syncing(courses=5) as world:
        with pytest.raises(KeyboardInterrupt):
            world.sync(database)
        assert len(stored(database)) == 5
        asked = len(world.service.asked)
        report = world.sync(database)
        assert len(world.service.asked) == asked
    assert (report.created, report.unchanged) == (11, 0)
    assert len(stored(database)) == 11


def test_old_runs_are_forgotten_and_those_that_say_what_is_due_are_not(
    database: Database,
) -> None:
    with syncing(courses=5) as world:
        for _ in range(3):
            world.sync(database, full=True)
        far = clock.now() + timedelta(days=900)
        assert forget_syncs(database, far) == 2
        assert not is_due(world, database, 10)
