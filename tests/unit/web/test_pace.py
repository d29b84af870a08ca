"""How slow a client may send or take."""

import asyncio

import pytest

from bursar.web.pace import Pace

RATE, PATIENCE = 1000, 60.0


class Client:
    """Takes so many seconds for each part."""

    def __init__(self) -> None:
        self.now = 5.0
        self.pace = Pace(RATE, PATIENCE, monotonic=lambda: self.now)

    def moves(self, size: int, seconds: float) -> None:
        async def move() -> int:
            self.now += seconds
            return size

        asyncio.run(self.pace.part(move(), lambda moved: moved))


@pytest.fixture
def client() -> Client:
    return Client()


def test_at_the_rate_it_goes_on_for_ever(client: Client) -> None:
    for _ in range(1000):
        client.moves(30 * RATE, 30)


def test_a_client_that_trickles_is_cut(client: Client) -> None:
    for _ in range(3):
        client.moves(RATE * 10, 30)
    with pytest.raises(TimeoutError):
        client.moves(RATE * 10, 30)


def test_one_part_may_take_as_long_as_the_patience_says(client: Client) -> None:
    client.moves(1, PATIENCE)
    with pytest.raises(TimeoutError):
        client.moves(1, 1)


def test_a_fast_beginning_allows_no_slow_end(client: Client) -> None:
    client.moves(1000 * RATE, 1)
    client.moves(1, PATIENCE)
    with pytest.raises(TimeoutError):
        client.moves(1, 1)


def test_time_between_the_parts_is_not_the_client_s(client: Client) -> None:
    for _ in range(10):
        client.moves(1, 1)
        client.now += 1000


def test_a_client_that_moves_nothing_is_cut_while_it_is_waited_for() -> None:
    async def never() -> None:
        pace = Pace(RATE, 0.0)
        with pytest.raises(TimeoutError):
            await pace.part(asyncio.Event().wait(), lambda _: 0)

    asyncio.run(never())
