"""The limit on requests: it is kept without being refused, and obeyed when it is met."""

from itertools import pairwise

import pytest

from bursar.catalog.sync.states import SyncState
from bursar.connectors.discovery.pace import HOUR, Pace
from bursar.database.engine import Database
from testing.fakes.discovery import Trouble
from testing.worlds.discovery import syncing


def test_half_is_asked_for_at_once_and_the_rest_is_spread_over_the_hour() -> None:
    pace, now, times = Pace(10), 0.0, list[float]()
    for _ in range(40):
        now += pace.pause(now)
        pace.note(now)
        times.append(now)
    assert times[:5] == [0.0] * 5
    assert times[9] <= HOUR
    # No hour holds more than ten, and none is wasted.
    for first, eleventh in zip(times, times[10:], strict=False):
        assert eleventh - first >= HOUR
    assert times[39] < 4 * HOUR
    # Between them there is never a rush again that uses up what the hour has left.
    pauses = [later - earlier for earlier, later in pairwise(times[4:])]
    assert min(pauses[:5]) > 0


def test_a_limit_of_one() -> None:
    pace = Pace(1)
    pace.note(0.0)
    assert pace.pause(600.0) == HOUR - 600.0
    assert pace.pause(HOUR) == 0.0


def test_a_sweep_of_many_pages_is_never_refused(database: Database) -> None:
    with syncing(courses=30, per_hour=20) as world:
        world.service.per_hour = 20
        report = world.sync(database)
        pauses, time = list(world.pauses), world.time
    assert (report.state, report.pages, world.service.throttled) == (SyncState.DONE, 48, 0)
    assert report.waited_seconds == pytest.approx(sum(pauses))
    assert time - 1_000_000.0 == pytest.approx(report.waited_seconds)
    assert HOUR < report.waited_seconds < 3 * HOUR


def test_what_the_service_asks_for_is_waited(database: Database) -> None:
    """Others use the account too, so that the limit is met earlier."""
    with syncing(courses=30) as world:
        world.service.per_hour = 20
        report = world.sync(database)
    assert (report.state, report.pages) == (SyncState.DONE, 48)
    assert world.service.throttled == 2
    assert report.waited_seconds == pytest.approx(2 * HOUR, rel=0.01)


def test_a_pause_that_is_too_long_ends_the_run(database: Database) -> None:
    with syncing() as world:
        header = {"Retry-After": "86400"}
        world.service.script(Trouble("courses", status=429, headers=header))
        report = world.sync(database)
    assert (report.state, world.pauses) == (SyncState.OPEN, [])
    assert report.reason == "the discovery service allows no more requests now"


def test_a_service_that_refuses_for_ever_ends_the_run(database: Database) -> None:
    with syncing() as world:
        header = {"Retry-After": "soon"}
        world.service.script(Trouble("courses", status=429, headers=header, times=99))
        report = world.sync(database)
    assert report.state is SyncState.OPEN
    assert sum(world.pauses) == 5 * 60.0
