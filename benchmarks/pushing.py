"""How long an LMS waits for the answer to what it tells."""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import quantiles
from typing import Final

import httpx

from benchmarks.results import Result
from benchmarks.stage import SMALL, Stage
from benchmarks.world import opened
from bursar import clock
from bursar.actors import Actor
from bursar.enrollment.progress import hooks
from testing.clients import lms_events

TOLD: Final = 500
"""Fewer than may wait for a worker."""
WARM_UP: Final = 50
BOUND_MILLISECONDS: Final = 20
_ACTOR: Final = Actor("benchmark")


def answers(stage: Stage) -> Sequence[Result]:
    """One call after another on one connection, while nobody takes what was told."""
    server = stage.server(SMALL)
    with opened(server.world.database_url) as database, database.transaction() as session:
        hook = hooks.create_hook(session, _ACTOR, None, is_signed=False, at=clock.now())
    seconds = list(_told(server.url + hook.path))
    return [
        Result.of_calls("push of an LMS, the usual answer", seconds, BOUND_MILLISECONDS),
        Result.of_calls(
            "push of an LMS, one answer in a hundred",
            [quantiles(seconds, n=100)[-1]],
            BOUND_MILLISECONDS,
        ),
    ]


def _told(url: str) -> Iterator[float]:
    headers = {"Content-Type": "application/json"}
    with httpx.Client(trust_env=False, headers=headers, timeout=30) as lms:
        for number in range(WARM_UP + TOLD):
            at = clock.now() - timedelta(seconds=number)
            body = lms_events.grade(number, 0.5, at)
            began = time.perf_counter()
            answer = lms.post(url, content=body)
            took = time.perf_counter() - began
            if answer.status_code != 202:
                raise RuntimeError(f"the push was answered with {answer.status_code}")
            if number >= WARM_UP:
                yield took


MEASUREMENTS: Final = {"pushing": answers}
