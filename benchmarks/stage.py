"""What measurements share: a PostgreSQL server, worlds and web servers, made when needed."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx

from benchmarks.app import PROCESSES, PROCESSES_VARIABLE
from benchmarks.load import JSON, Compared, Script, Spent, Target, compare, requests_per_second
from benchmarks.results import Result
from benchmarks.server import BenchmarkServer, Write, processor_seconds
from benchmarks.world import World, create_world, opened
from benchmarks.write_floor import learn
from testing.databases.postgres import PostgresServer

Thing = TypeVar("Thing")

SMALL, USUAL, LARGE = 500, 5_000, 50_000


class Stage:
    def __init__(
        self, stack: ExitStack, folder: Path, postgres: PostgresServer, seconds: int
    ) -> None:
        self._stack = stack
        self.folder = folder
        self.seconds = seconds
        self._worlds: dict[int, World] = {}
        self._things: dict[str, Any] = {}
        self._postgres = postgres
        self.address = postgres.address
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

    def compare(self, one: Target, other: Target) -> Compared:
        return compare(one, other, self.seconds, self._spent)

    def write_floor(self, server: BenchmarkServer, write: Write, name: str) -> Target:
        """Does the write once, and gives where the floor writes as much."""
        path = self.learn(server, name, server.do(write))
        return replace(server.target(path, JSON), script=Script("floor.lua", (write.body,)))

    def learn(self, server: BenchmarkServer, name: str, answer: httpx.Response) -> str:
        """What was written last, which was answered so. Gives the path of the floor."""
        with opened(server.world.database_url) as database:
            learn(database, server.answers, name, answer.status_code)
        return f"/floor/write/{name}"

    def _spent(self, target: Target) -> Spent:
        (server,) = (each for each in self.servers.values() if target.url.startswith(each.url))
        return Spent(processor_seconds(server.pid), processor_seconds(self._postgres.pid))


Measurement = Callable[[Stage], Sequence[Result]]
