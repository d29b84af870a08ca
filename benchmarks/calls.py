"""Large calls, one after another, each followed by a call that only writes as much."""

import time
from statistics import median
from typing import Final

import httpx

from benchmarks.load import Compared
from benchmarks.server import BenchmarkServer, Write
from benchmarks.stage import Stage

TRIES: Final = 5


class Calls:
    """The first call is not timed: what it writes is what the floor writes from then on."""

    def __init__(self, stage: Stage, server: BenchmarkServer, name: str) -> None:
        self._stage = stage
        self._server = server
        self._name = name
        self._floor: str | None = None
        self._here: list[float] = []
        self._against: list[float] = []

    def do(self, write: Write) -> httpx.Response:
        if self._floor is None:
            answer = self._server.do(write)
            self._floor = self._stage.learn(self._server, self._name, answer)
            self._server.do(Write(self._floor, write.body))
            return answer
        answer = self._timed(write, self._here)
        self._timed(Write(self._floor, write.body), self._against)
        return answer

    def compared(self) -> Compared:
        """Calls a second, by the usual ones."""
        return Compared(1 / median(self._here), 1 / median(self._against))

    def _timed(self, write: Write, taken: list[float]) -> httpx.Response:
        started = time.perf_counter()
        answer = self._server.do(write)
        taken.append(time.perf_counter() - started)
        return answer
