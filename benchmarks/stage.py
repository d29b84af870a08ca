"""What measurements share: a PostgreSQL server, worlds and web servers, made when needed."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.app import PROCESSES, PROCESSES_VARIABLE
from benchmarks.load import Target, compare, requests_per_second
from benchmarks.results import Result
from benchmarks.server import BenchmarkServer
from benchmarks.world import World, create_world
from testing.databases.postgres import PostgresAddress

Thing = TypeVar("Thing")

SMALL, USUAL, LARGE = 500, 5_000, 50_000


class Stage:
    def __init__(
        self, stack: ExitStack, folder: Path, address: PostgresAddress, seconds: int
    ) -> None:
        self._stack = stack
        self.folder = folder
        self.seconds = seconds
        self._worlds: dict[int, World] = {}
        self._things: dict[str, Any] = {}
        self.address = address
        self.servers: dict[tuple[int, bool, int], BenchmarkServer] = {}

    def world(self, courses: int) -> World:
        if courses not in self._worlds:
            self._worlds[courses] = create_world(self.address, self.folder, courses)
        return self._worlds[courses]

    def server(
        self, courses: int = USUAL, *, has_cache: bool = True, processes: int = PROCESSES
    ) -> BenchmarkServer:
        """It runs to the end, so that its memory can be looked at after everything."""
        key = courses, has_cache, processes
        if key not in self.servers:
            settings = {PROCESSES_VARIABLE: str(processes)}
            if not has_cache:
                settings["BURSAR_PAGE_CACHE_BYTES"] = "0"
            folder = self.folder / f"{courses}-{'cache' if has_cache else 'bare'}-{processes}"
            server = BenchmarkServer(self.world(courses), folder, settings)
            self.servers[key] = self._stack.enter_context(server)
        return self.servers[key]

    def prepared(self, name: str, make: Callable[[], Thing]) -> Thing:
        """What `make` gave for the name the first time."""
        if name not in self._things:
            self._things[name] = make()
        thing: Thing = self._things[name]
        return thing

    def rate(self, target: Target) -> float:
        return requests_per_second(target, self.seconds)

    def compare(self, one: Target, other: Target) -> tuple[float, float]:
        return compare(one, other, self.seconds)


Measurement = Callable[[Stage], Sequence[Result]]
