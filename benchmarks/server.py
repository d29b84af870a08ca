"""A running server over one world, and the memory of its web processes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from benchmarks.app import ANSWERS_VARIABLE, CLIENT_VARIABLE
from benchmarks.floor import KeptAnswer
from benchmarks.kernel import memory_told
from benchmarks.load import JSON, Target
from benchmarks.world import World
from testing.paths import REPOSITORY
from testing.servers.processes import ServerProcess

SMALLEST_WORKER_BYTES = 30 * 1024 * 1024
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Write:
    """A POST that changes something, with a body of JSON."""

    path: str
    body: str


class BenchmarkServer(ServerProcess):
    """With default settings, unless others are given."""

    def __init__(self, world: World, folder: Path, settings: Mapping[str, str]) -> None:
        self.world = world
        self.answers = folder / "answers"
        metrics = folder / "metrics"
        for place in (self.answers, metrics):
            place.mkdir(parents=True)
        environment = {
            "BURSAR_DATABASE_URL": world.database_url,
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            ANSWERS_VARIABLE: str(self.answers),
            CLIENT_VARIABLE: str(world.client_uuid),
        }
        super().__init__(folder, {**environment, **settings})

    working_folder = REPOSITORY

    def command(self) -> list[str]:
        return ["-m", "benchmarks.app", str(self.port)]

    def target(self, path: str, headers: Mapping[str, str], pages: int = 0) -> Target:
        token = f"JWT {self.world.token}"
        return Target(self.url + path, {"Authorization": token, **headers}, pages)

    def floor_of(self, target: Target, name: str) -> Target:
        """Asks for the answer once, and gives where the floor answers the same bytes."""
        answer = self.fetch(target)
        media_type = answer.headers.get("content-type", "")
        KeptAnswer(answer.status_code, media_type, answer.content).save(self.answers, name)
        return self.target(f"/floor/{name}", {})

    def fetch(self, target: Target) -> httpx.Response:
        """Raises httpx.HTTPStatusError unless the answer is a good one or 304."""
        headers = {"Accept-Encoding": "identity", **target.headers}
        answer = httpx.get(target.url, headers=headers, trust_env=False, timeout=30)
        return answer if answer.status_code == 304 else answer.raise_for_status()

    def do(self, write: Write) -> httpx.Response:
        """Raises httpx.HTTPStatusError unless it is done."""
        target = self.target(write.path, JSON | {"Content-Type": "application/json"})
        answer = httpx.post(
            target.url, content=write.body, headers=target.headers, trust_env=False, timeout=60
        )
        return answer.raise_for_status()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def resident_bytes(self) -> list[int]:
        """Of each web process now."""
        workers = children(self.pid)
        sizes = [memory_told(f"/proc/{pid}/status", "VmRSS") for pid in workers]
        # Beside its workers the server has a small helper of Python's own.
        return sorted(size for size in sizes if size > SMALLEST_WORKER_BYTES)


def processor_seconds(pid: int) -> float:
    """What the process and those that it started have used so far, those that have ended too."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        started = children(pid)
    except FileNotFoundError:
        # It ended in this moment; its parent has its time.
        return 0.0
    # The second field is a name in brackets, which may hold anything.
    fields = stat.rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / _TICKS_PER_SECOND
    return own + sum(map(processor_seconds, started))


def children(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
