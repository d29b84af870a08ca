"""The slow lane of callers that fail again and again."""

import asyncio
from collections.abc import Callable

import pytest

from bursar.web.errors import Throttled
from bursar.web.suspects import (
    FAILURES_BEFORE,
    MOST_WAITING,
    REMEMBERED_SECONDS,
    RESTS,
    Suspects,
)


class Time:
    """Passes only when somebody rests or is told to take some."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.rests: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += max(0.0, seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def suspects(time: Time) -> Suspects:
    return Suspects(monotonic=time.monotonic, rest=time.rest)


def fail(suspects: Suspects, caller: str, times: int = FAILURES_BEFORE) -> None:
    for _ in range(times):
        suspects.note_failure(caller)


def send(suspects: Suspects, caller: str, do: Callable[[], object] = lambda: None) -> None:
    async def through_the_lane() -> None:
        async with suspects.lane(caller):
            do()

    asyncio.run(through_the_lane())


def test_the_lane_rests_as_long_as_what_was_sent_took_several_times(
    suspects: Suspects, time: Time
) -> None:
    fail(suspects, "guesser")
    send(suspects, "guesser", lambda: setattr(time, "now", time.now + 2))
    send(suspects, "guesser")
    assert time.rests[1] == 2 * RESTS


def test_time_that_passed_since_counts_as_rest(suspects: Suspects, time: Time) -> None:
    fail(suspects, "guesser")
    send(suspects, "guesser", lambda: setattr(time, "now", time.now + 2))
    time.now += 3 * RESTS
    send(suspects, "guesser")
    assert time.rests[1] < 0


def test_after_a_failure_the_lane_rests_as_well(suspects: Suspects, time: Time) -> None:
    def fail_slowly() -> None:
        time.now += 2
        raise KeyError

    fail(suspects, "guesser")
    with pytest.raises(KeyError):
        send(suspects, "guesser", fail_slowly)
    send(suspects, "guesser")
    assert time.rests[1] == 2 * RESTS


def test_who_fails_seldom_waits_for_nobody(suspects: Suspects, time: Time) -> None:
    fail(suspects, "guesser")
    fail(suspects, "clumsy", FAILURES_BEFORE - 1)

    async def beside() -> None:
        async with suspects.lane("guesser"), suspects.lane("clumsy"), suspects.lane("new"):
            pass

    asyncio.run(beside())
    assert len(time.rests) == 1


def test_failures_are_forgotten(suspects: Suspects, time: Time) -> None:
    fail(suspects, "guesser")
    time.now += REMEMBERED_SECONDS + 1
    send(suspects, "guesser")
    assert time.rests == []


def test_suspects_run_one_at_a_time_and_few_wait(suspects: Suspects) -> None:
    callers = [f"guesser {number}" for number in range(MOST_WAITING + 2)]
    running = most = 0

    async def one(caller: str) -> None:
        nonlocal running, most
        async with suspects.lane(caller):
            running += 1
            most = max(most, running)
            await asyncio.to_thread(lambda: None)
            running -= 1

    async def together() -> list[BaseException | None]:
        return await asyncio.gather(*map(one, callers), return_exceptions=True)

    for caller in callers:
        fail(suspects, caller)
    answers = asyncio.run(together())
    assert most == 1
    assert [type(each) for each in answers] == [type(None)] * MOST_WAITING + [Throttled] * 2
    # Their places were given back.
    send(suspects, callers[-1])
