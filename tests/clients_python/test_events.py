import asyncio
from dataclasses import dataclass, field
from itertools import islice

import httpx
import pytest

from bursar_client import CursorForgotten, MemoryCursors
from tests.clients_python.scripted import Answering, Script, answer


@dataclass
class Log:
    """Events named by numbers, three in an answer; one comes with each request that waits."""

    length: int
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        parameters = dict(request.url.params)
        self.asked.append(parameters)
        after = int(parameters.get("after", 0))
        if "wait" in parameters and after == self.length:
            self.length += 1
        numbers = range(after + 1, min(after + 3, self.length) + 1)
        events = [
            {
                "id": f"evt_{number}",
                "type": "license.assigned",
                "timestamp": "2026-11-27T12:00:00Z",
                "object": {"type": "license", "uuid": "l1", "version": number},
                "cursor": str(number),
            }
            for number in numbers
        ]
        place = numbers[-1] if numbers else after
        has_more = place < self.length
        return answer({"results": events, "next": str(place), "has_more": has_more})


def test_all_that_there_is() -> None:
    log = Log(7)
    found = Script([log]).bursar().events.find(types=["license.*"], limit=3)
    assert [event.id for event in found] == [f"evt_{number}" for number in range(1, 8)]
    assert [asked.get("after") for asked in log.asked] == [None, "3", "6"]
    assert {asked["type"] for asked in log.asked} == {"license.*"}


def test_following_goes_on_where_it_was_and_begins_no_event_twice_that_was_finished() -> None:
    cursors, log = MemoryCursors(), Log(4)
    first = list(islice(Script([log]).bursar().events.follow(cursors), 2))
    # The second was taken and not finished: nobody asked for the third.
    second = list(islice(Script([log]).bursar().events.follow(cursors), 5))
    assert [event.id for event in first] == ["evt_1", "evt_2"]
    assert [event.id for event in second] == ["evt_2", "evt_3", "evt_4", "evt_5", "evt_6"]


def test_a_server_that_is_away_is_waited_for() -> None:
    log = Log(1)
    away = answer({"detail": "Away."}, 503)
    once: list[httpx.Response | Exception | Answering] = [
        httpx.ConnectError("refused"),
        away,
        httpx.ReadTimeout("nothing"),
    ]
    found = next(iter(Script([*once * 20, log]).bursar().events.follow()))
    assert found.id == "evt_1"


def test_a_place_that_is_not_kept_any_more_is_told() -> None:
    forgotten = answer({"detail": "Forgotten.", "oldest": "c9"}, 410)
    with pytest.raises(CursorForgotten) as raised:
        next(iter(Script([forgotten]).bursar().events.follow(after="c1")))
    assert raised.value.oldest == "c9"


def test_silence_moves_the_place_too() -> None:
    """The log goes on with events that this reader does not want."""
    nothing = answer({"results": [], "next": "8", "has_more": False})
    cursors = MemoryCursors()
    script = Script([nothing, Log(9)])
    assert next(iter(script.bursar().events.follow(cursors))).id == "evt_9"
    assert script.requests[1].url.params["after"] == "8"
    assert cursors.load("events-e1") == "8"


def test_tasks_follow_too() -> None:
    async def follow(script: Script) -> list[str]:
        found = []
        async with script.async_bursar() as bursar:
            async for event in bursar.events.follow():
                found.append(event.id)
                if len(found) == 4:
                    break
        return found

    assert asyncio.run(follow(Script([Log(2)]))) == ["evt_1", "evt_2", "evt_3", "evt_4"]
