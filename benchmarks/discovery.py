"""What the sync with a discovery service is measured by: full sweeps of a large catalog by the
command, in a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from benchmarks.results import Result
from benchmarks.stage import Measurement, Stage
from testing.databases.migrated import migrate
from testing.fakes.discovery import CLIENT_ID, CLIENT_SECRET, FakeDiscovery, running_discovery
from testing.fakes.lms import Reply
from testing.paths import REPOSITORY
from testing.worlds.discovery import a_program, a_result

COURSES: Final = 20_000
PROGRAMS: Final = 300
MOST_SECONDS: Final = 300
MOST_MEMORY: Final = 250_000_000
_REFERENCE: Final = REPOSITORY / "testing" / "data" / "reference"
_KILOBYTE: Final = 1024


class LargeDiscovery(FakeDiscovery):
    """Its documents have the size of real ones. They are written when they are asked for, so that
    they take no memory."""

    def __init__(self) -> None:
        super().__init__()
        self._course = (_REFERENCE / "course.json").read_text()
        self._run = (_REFERENCE / "course_run.json").read_text()
        known = json.loads(self._course)
        self._names = (known["key"], known["uuid"], json.loads(self._run)["key"])
        self._runs = [run["key"] for run in known["course_runs"]]

    def _page(self, listing: str, path: str, asked: dict[str, str], host: str) -> Reply:
        count = {"programs": PROGRAMS}.get(listing, COURSES)
        size, page = int(asked["page_size"]), int(asked["page"])
        numbers = range((page - 1) * size + 1, min(page * size, count) + 1)
        after = urlencode(sorted({**asked, "page": str(page + 1)}.items()))
        following = json.dumps(f"http://{host}{path}?{after}" if numbers.stop <= count else None)
        results = ",".join(self._written(listing, number) for number in numbers)
        body = f'{{"count":{count},"next":{following},"previous":null,"results":[{results}]}}'
        return Reply(200, body.encode())

    def _written(self, listing: str, number: int) -> str:
        if listing == "programs":
            return json.dumps(a_program(number))
        if listing == "search":
            return json.dumps(a_result(number))
        key, uuid, own = self._names
        written = self._course if listing == "courses" else self._run
        for position, run in enumerate({own: None, **dict.fromkeys(self._runs)}):
            term = "" if run == own else f"_{position}"
            written = written.replace(run, f"course-v1:edX+C{number:05}+1T2026{term}")
        new = str(uuid5(NAMESPACE_URL, f"edX+C{number:05}"))
        return written.replace(key, f"edX+C{number:05}").replace(uuid, new)


@dataclass(frozen=True)
class Sweep:
    seconds: float
    memory: int
    """The most that the process had, in bytes."""
    last_line: str


def discovery(stage: Stage) -> list[Result]:
    folder = stage.folder / "discovery"
    folder.mkdir(exist_ok=True)
    urls = {
        "SQLite": f"sqlite:///{folder / 'bursar.db'}",
        "PostgreSQL": stage.address.create_database("discovery"),
    }
    return [row for kind, url in urls.items() for row in _measured(kind, url, folder)]


def _measured(kind: str, url: str, folder: Path) -> list[Result]:
    migrate(url)
    with running_discovery(LargeDiscovery()) as service:
        first = swept(url, service, folder)
        again = swept(url, service, folder)
    name = f"sync of {COURSES:,} courses with their runs, {kind}"
    return [
        _of_seconds(f"{name}, all new", first),
        Result.of_memory(f"{name}, all new, memory", first.memory, MOST_MEMORY),
        _of_seconds(f"{name}, nothing new", again),
        Result.of_memory(f"{name}, nothing new, memory", again.memory, MOST_MEMORY),
    ]


def _of_seconds(name: str, sweep: Sweep) -> Result:
    holds = sweep.seconds < MOST_SECONDS
    return Result(name, "", "", f"{sweep.seconds:.0f} s", f"< {MOST_SECONDS} s", holds)


def swept(url: str, service: str, folder: Path) -> Sweep:
    """One full sweep by the command. Raises RuntimeError when it does not end well."""
    environment = {**os.environ, **_settings(url, service)}
    command = [sys.executable, "-m", "bursar", "sync", "discovery", "--full"]
    started = time.monotonic()
    with _output(folder) as output:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=output, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - started
        output.seek(0)
        lines = output.read().decode().splitlines()
    if process.returncode:
        raise RuntimeError(f"the sync ended with {process.returncode}: {lines}")
    return Sweep(seconds, usage.ru_maxrss * _KILOBYTE, lines[-1])


@contextmanager
def _output(folder: Path) -> Iterator[Any]:
    with (folder / "output").open("w+b") as output:
        yield output


def _settings(url: str, service: str) -> Mapping[str, str]:
    return {
        "BURSAR_DATABASE_URL": url,
        "BURSAR_LOG_LEVEL": "WARNING",
        "BURSAR_DISCOVERY_URL": service,
        "BURSAR_DISCOVERY_CLIENT_ID": CLIENT_ID,
        "BURSAR_DISCOVERY_CLIENT_SECRET": CLIENT_SECRET,
        "BURSAR_DISCOVERY_PER_HOUR": "1000000",
        "BURSAR_LMS_PUBLIC_URL": service,
    }


MEASUREMENTS: Final[Mapping[str, Measurement]] = {"discovery": discovery}
