"""Streams, driven as a server drives them: by messages."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from litestar.response.base import ASGIResponse
from sqlalchemy import Connection, text

from bursar.database.engine import Database
from bursar.web import streaming
from bursar.web.adapter import Threads
from bursar.web.call import Source
from bursar.web.errors import NotFound
from bursar.web.pace import Pace
from bursar.web.streaming import StreamedResponse, Streaming
from testing.waiting import let_others_run, until

Message = dict[str, Any]
SLOWEST = 1000
"""Bytes a second."""
ENDLESS = text(
    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)"
    " SELECT count(*) FROM numbers"
)


class Client:
    """Takes messages when it is told to, and can go away."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.may_take = asyncio.Semaphore(0)
        self.left = asyncio.Event()

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body" and message["more_body"]:
            await self.may_take.acquire()
        self.sent.append(message)

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def has_all(self) -> bool:
        return not self.sent[-1].get("more_body", True)


def patient() -> Client:
    client = Client()
    client.may_take = asyncio.Semaphore(1000)
    return client


class Place:
    def __init__(self, database: Database, threads: Threads, *, at_once: int = 4) -> None:
        self.database = database
        self.streaming = Streaming(database, threads, at_once=at_once, slowest=SLOWEST)

    async def answer(self, source: Source, client: Client, owner: str = "") -> None:
        response = StreamedResponse(
            self.streaming,
            source,
            self._refusal,
            status=200,
            headers={"content-type": "text/csv"},
            owner=owner or str(id(client)),
        )
        scope: Any = {"type": "http"}
        receive: Any = client.receive
        await response(scope, receive, client.send)

    @staticmethod
    def _refusal(error: Exception) -> ASGIResponse:
        if isinstance(error, NotFound):
            return ASGIResponse(body=b"refused", status_code=404)
        raise error

    def is_idle(self) -> bool:
        return self.database.connections_in_use(write=False) == 0


Scene = Callable[[Place], Coroutine[Any, Any, None]]
Run = Callable[[Scene], None]


@pytest.fixture
def run(database: Database) -> Iterator[Run]:
    threads = Threads(4)

    def in_loop(scene: Scene) -> None:
        async def play() -> None:
            place = Place(database, threads)
            async with asyncio.timeout(30):
                await scene(place)
            assert place.is_idle()

        asyncio.run(play())

    yield in_loop
    threads.shut_down()


def test_all_chunks_arrive_in_order_and_then_the_end(run: Run) -> None:
    def source(connection: Connection) -> Iterator[bytes]:
        for number in range(5):
            yield b"%d," % connection.execute(text("SELECT :n + 0"), {"n": number}).scalar_one()

    async def scene(place: Place) -> None:
        client = patient()
        await place.answer(source, client)
        assert (client.status, client.body, client.has_all) == (200, b"0,1,2,3,4,", True)
        assert b"content-length" not in dict(client.sent[0]["headers"])

    run(scene)


def test_no_chunk_is_made_before_its_reader_is_ready(run: Run) -> None:
    made = 0

    def source(connection: Connection) -> Iterator[bytes]:
        nonlocal made
        for _ in range(100):
            made += 1
            yield b"x"

    async def scene(place: Place) -> None:
        client = Client()
        answering = asyncio.create_task(place.answer(source, client))
        await until(lambda: made == 1)
        await let_others_run()
        assert made == 1
        for _ in range(3):
            client.may_take.release()
        await until(lambda: made == 4)
        await let_others_run()
        assert made == 4
        client.left.set()
        client.may_take.release()
        await answering
        assert not client.has_all

    run(scene)


def test_the_whole_stream_shows_one_state_of_the_database(run: Run) -> None:
    async def scene(place: Place) -> None:
        _execute(place.database, "CREATE TABLE marks (n INTEGER)")

        def source(connection: Connection) -> Iterator[bytes]:
            count = text("SELECT count(*) FROM marks")
            yield b"%d" % connection.execute(count).scalar_one()
            _execute(place.database, "INSERT INTO marks VALUES (1)")
            yield b"%d" % connection.execute(count).scalar_one()

        client = patient()
        await place.answer(source, client)
        assert client.body == b"00"

    run(scene)


def test_what_is_refused_before_the_first_chunk_is_an_ordinary_answer(run: Run) -> None:
    def source(connection: Connection) -> Iterator[bytes]:
        if connection.scalar(text("SELECT 1")):
            raise NotFound
        yield b"x"

    async def scene(place: Place) -> None:
        client = Client()
        await place.answer(source, client)
        assert (client.status, client.body, client.has_all) == (404, b"refused", True)

    run(scene)


def test_a_defect_half_way_leaves_the_answer_visibly_incomplete(run: Run) -> None:
    def source(connection: Connection) -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("a defect")

    async def scene(place: Place) -> None:
        client = patient()
        with pytest.raises(RuntimeError, match="a defect"):
            await place.answer(source, client)
        assert client.body == b"half"
        assert not client.has_all

    run(scene)


@pytest.mark.parametrize("chunks_before", [0, 1])
def test_the_statement_of_a_client_that_went_away_is_stopped(run: Run, chunks_before: int) -> None:
    def source(connection: Connection) -> Iterator[bytes]:
        yield from [b"x"] * chunks_before
        yield b"%d" % connection.execute(ENDLESS).scalar_one()

    async def scene(place: Place) -> None:
        client = patient()
        answering = asyncio.create_task(place.answer(source, client))
        await until(lambda: not place.is_idle())
        await let_others_run()
        client.left.set()
        started = time.monotonic()
        await answering
        assert time.monotonic() - started < 5
        assert not client.sent or not client.has_all
        assert place.is_idle()
        await _check_that_connections_work(place)

    run(scene)


async def _check_that_connections_work(place: Place) -> None:
    def source(connection: Connection) -> Iterator[bytes]:
        yield b"%d" % connection.execute(text("SELECT 1")).scalar_one()

    for _ in range(5):
        client = patient()
        await place.answer(source, client)
        assert client.body == b"1"


def test_a_stream_whose_task_is_cancelled_is_stopped_too(run: Run) -> None:
    def source(connection: Connection) -> Iterator[bytes]:
        yield b"%d" % connection.execute(ENDLESS).scalar_one()

    async def scene(place: Place) -> None:
        answering = asyncio.create_task(place.answer(source, Client()))
        await until(lambda: not place.is_idle())
        await let_others_run()
        answering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answering
        await until(place.is_idle, "the statement was stopped")

    run(scene)


def test_a_client_that_takes_nothing_for_long_is_given_up(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "STREAM_PATIENCE", 0.2)

    async def scene(place: Place) -> None:
        client = Client()
        await place.answer(lambda _connection: iter([b"x", b"y"]), client)
        assert client.body == b""
        assert not client.has_all

    run(scene)


def test_slow_readers_hold_no_more_than_their_share_of_the_connections(run: Run) -> None:
    async def scene(place: Place) -> None:
        clients = [Client() for _ in range(10)]
        answering = [
            asyncio.create_task(place.answer(lambda _connection: iter([b"x"]), client))
            for client in clients
        ]
        await until(lambda: place.database.connections_in_use(write=False) == 4)
        await let_others_run()
        assert place.database.connections_in_use(write=False) == 4
        for client in clients:
            client.may_take.release()
        await asyncio.gather(*answering)
        assert [client.body for client in clients] == [b"x"] * 10

    run(scene)


def _execute(database: Database, statement: str) -> None:
    with database.transaction() as session:
        session.execute(text(statement))


def test_one_owner_s_slow_readers_leave_places_to_others(run: Run) -> None:
    def source(_connection: Connection) -> Iterator[bytes]:
        return iter([b"x"])

    async def scene(place: Place) -> None:
        slow = [Client() for _ in range(10)]
        answering = [asyncio.create_task(place.answer(source, one, "slow")) for one in slow]
        await until(lambda: place.database.connections_in_use(write=False) == 2)
        other = patient()
        async with asyncio.timeout(5):
            await place.answer(source, other, "other")
        assert other.has_all
        for client in slow:
            client.may_take.release()
        await asyncio.gather(*answering)
        assert all(client.has_all for client in slow)

    run(scene)


class Trickling(Client):
    """Takes little at a time, after so long that somebody else would be gone."""

    def __init__(self, now: list[float]) -> None:
        super().__init__()
        self.now = now

    async def send(self, message: Any) -> None:
        self.now[0] += 10
        self.sent.append(message)


@pytest.mark.parametrize(("size", "is_cut"), [(5 * SLOWEST, True), (10 * SLOWEST, False)])
def test_a_reader_that_trickles_is_cut_and_gives_its_place_back(
    run: Run, monkeypatch: pytest.MonkeyPatch, size: int, is_cut: bool
) -> None:
    now = [0.0]

    def pace(rate: int, patience: float) -> Pace:
        return Pace(rate, patience, monotonic=lambda: now[0])

    monkeypatch.setattr(streaming, "Pace", pace)

    async def scene(place: Place) -> None:
        client = Trickling(now)
        await place.answer(lambda _connection: iter([b"x" * size] * 100), client)
        assert client.has_all != is_cut
        # Each part took ten seconds, and paid for five of them.
        assert (len(client.body) // size) == (13 if is_cut else 100)
        assert place.is_idle()

    run(scene)
