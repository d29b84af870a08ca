"""Whose turn it is to write."""

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from bursar.web.errors import Refusal
from bursar.web.turns import Turn, Turns
from testing.waiting import until

PLACES = 4


class Writer:
    """One write, which ends when it is told to."""

    def __init__(self, turns: Turns, key: str) -> None:
        self.may_end = asyncio.Event()
        self.runs = False
        self.was_busy = False
        self._turn: AbstractAsyncContextManager[Turn] = turns.turn(key)
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async with self._turn as turn:
            self.runs = True
            await self.may_end.wait()
            turn.was_busy = self.was_busy
        self.runs = False

    async def end(self, *, busy: bool = False) -> None:
        self.was_busy = busy
        self.may_end.set()
        await self.task


def running(writers: list[Writer]) -> int:
    return sum(writer.runs for writer in writers)


def play(scene: Coroutine[Any, Any, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(30):
            await scene

    asyncio.run(limited())


def test_one_key_has_half_of_the_places_and_others_have_theirs() -> None:
    async def scene() -> None:
        turns = Turns(PLACES, stuck_seconds=60)
        many = [Writer(turns, "a") for _ in range(PLACES + 1)]
        other = Writer(turns, "b")
        await until(lambda: running(many) == PLACES // 2 and other.runs)
        for writer in [*many, other]:
            await writer.end()

    play(scene())


def test_after_one_that_waited_in_vain_they_run_one_by_one() -> None:
    async def scene() -> None:
        turns = Turns(PLACES, stuck_seconds=60)
        many = [Writer(turns, "a") for _ in range(5)]
        await until(lambda: running(many) == 2)
        await many[0].end(busy=True)
        await many[1].end(busy=True)
        await until(lambda: running(many) == 1)
        assert not many[3].runs
        await many[2].end()
        await until(lambda: running(many) == 2)
        for writer in many[3:]:
            await writer.end()

    play(scene())


def test_whoever_waits_behind_those_that_are_stuck_is_refused() -> None:
    async def scene() -> None:
        turns = Turns(PLACES, stuck_seconds=0.01)
        many = [Writer(turns, "a") for _ in range(4)]
        await until(lambda: running(many) == 2)
        await many[0].end(busy=True)
        with pytest.raises(Refusal) as refused:
            await many[2].task
        assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "1"})
        await many[1].end()
        assert many[3].task.done()

    play(scene())


def test_a_place_is_given_on_when_its_request_is_given_up() -> None:
    async def scene() -> None:
        turns = Turns(2, stuck_seconds=60)
        first, given_up, last = (Writer(turns, "a") for _ in range(3))
        await until(lambda: first.runs)
        given_up.task.cancel()
        await first.end()
        await until(lambda: last.runs)
        await last.end()
        assert not turns._queues

    play(scene())
