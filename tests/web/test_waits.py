"""Who waits for a thread or a connection is shown, also when nothing comes of it."""

import asyncio
from threading import Event, Thread

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bursar import waits
from bursar.database.engine import Database, Patience
from bursar.waits import Waits
from bursar.web.adapter import Threads
from bursar.web.metrics import Metrics
from testing.waiting import let_others_run, until, wait_until


class Seen:
    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.waits = Waits(self.seconds.append)


def test_what_is_had_at_once_is_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    # A busy machine may take any time between the two.
    monkeypatch.setattr(waits, "perf_counter", lambda: 1.0)
    seen = Seen()
    seen.waits.end(seen.waits.begin())
    assert (seen.seconds, seen.waits.waiting) == ([], 0)


def test_a_request_waits_for_a_thread_until_one_is_free() -> None:
    seen, hold = Seen(), Event()
    threads = Threads(1, seen.waits)

    async def scene() -> None:
        first = asyncio.create_task(threads.run(hold.wait))
        second = asyncio.create_task(threads.run(lambda: "done"))
        await until(lambda: seen.waits.waiting == 1)
        await let_others_run(0.05)
        hold.set()
        assert await second == "done"
        await first

    asyncio.run(scene())
    threads.shut_down()
    assert seen.waits.waiting == 0
    assert max(seen.seconds) >= 0.04


def test_a_request_that_is_given_up_waits_no_more() -> None:
    seen, hold = Seen(), Event()
    threads = Threads(1, seen.waits)

    async def scene() -> None:
        first = asyncio.create_task(threads.run(hold.wait))
        second = asyncio.create_task(threads.run(lambda: "never"))
        await until(lambda: seen.waits.waiting == 1)
        await let_others_run(0.05)
        second.cancel()
        await until(lambda: seen.waits.waiting == 0)
        hold.set()
        await first

    asyncio.run(scene())
    threads.shut_down()
    assert max(seen.seconds) >= 0.04


@pytest.fixture
def narrow(database_url: str) -> Database:
    """With few connections, and little patience."""
    return Database(database_url, pool_size=1, patience=Patience(lock=0.2))


def test_a_connection_that_never_comes_is_a_wait_too(database: Database, narrow: Database) -> None:
    seen = Seen()
    narrow.watch_connections(seen.waits, write=False)
    # A failover replaces the pool. Waits for the next one count too.
    narrow.dispose()
    held = [narrow.read_engine.connect() for _ in range(5)]
    seen.seconds.clear()

    def wait_in_vain() -> None:
        with pytest.raises(PoolTimeout):
            narrow.read_engine.connect()

    thread = Thread(target=wait_in_vain)
    thread.start()
    wait_until(lambda: seen.waits.waiting == 1, "somebody waits")
    thread.join()
    for connection in held:
        connection.close()
    narrow.dispose()
    assert seen.waits.waiting == 0
    assert max(seen.seconds) >= 0.15


def test_metrics_show_them_by_place() -> None:
    metrics = Metrics()
    shown = metrics.waits("reading thread")
    shown.end(shown.begin() - 3)
    shown.begin()
    _, text = metrics.render()
    assert b'bursar_waiting{place="reading thread"} 1.0' in text
    assert b'bursar_wait_seconds_bucket{le="2.5",place="reading thread"} 0.0' in text
    assert b'bursar_wait_seconds_count{place="reading thread"} 1.0' in text
