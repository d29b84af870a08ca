"""Load from wrk, and what it says of the answers."""

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

CONNECTIONS = 16
THREADS = 2
WARM_UP_SECONDS = 2
ROUNDS = 2
JSON: Final = {"Accept": "application/json"}
_RATE = re.compile(r"^Requests/sec: +([0-9.]+)", re.MULTILINE)
_REQUESTS = re.compile(r"^ *(\d+) requests in ", re.MULTILINE)
_BAD = re.compile(r"^ *(?:Non-2xx or 3xx responses|Socket errors):.*", re.MULTILINE)


class LoadError(Exception):
    """wrk failed, or the server answered with errors."""


@dataclass(frozen=True)
class Script:
    """A file of this folder that makes wrk's requests, and its arguments."""

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    pages: int = 0
    """Above zero: a page number up to it is chosen at random for each request."""
    script: Script | None = None


class Spent(NamedTuple):
    """Processor seconds so far, from the operating system."""

    web: float
    database: float


Meter = Callable[[Target], Spent]
"""What the web processes that answer a target have used, and the database."""


class Run(NamedTuple):
    rate: float
    """Requests a second."""
    web: float
    """Processor milliseconds of the web processes for a request; they hardly depend on what else
    the machine does."""
    database: float
    """The same of PostgreSQL."""


class Compared(NamedTuple):
    here: float
    against: float
    """Requests a second of both."""
    runs: tuple[Run, Run] | None = None


def compare(one: Target, other: Target, seconds: int, meter: Meter) -> Compared:
    """Measured in turns, so that what disturbs one disturbs both."""
    both = [(measured(one, seconds, meter), measured(other, seconds, meter)) for _ in range(ROUNDS)]
    here, against = (_usual([runs[side] for runs in both]) for side in (0, 1))
    return Compared(here.rate, against.rate, (here, against))


def _usual(runs: Sequence[Run]) -> Run:
    return Run(*(median(values) for values in zip(*runs, strict=True)))


def measured(target: Target, seconds: int, meter: Meter) -> Run:
    _wrk(target, WARM_UP_SECONDS)
    before = meter(target)
    report = _wrk(target, seconds)
    after, rate = meter(target), parse_rate(report)
    requests = parse_requests(report)
    web, database = (
        1000 * (end - begin) / requests for begin, end in zip(before, after, strict=True)
    )
    return Run(rate, web, database)


def requests_per_second(target: Target, seconds: int) -> float:
    _wrk(target, WARM_UP_SECONDS)
    return parse_rate(_wrk(target, seconds))


def _wrk(target: Target, seconds: int) -> str:
    """The report. Raises LoadError."""
    finished = subprocess.run(
        ["wrk", *wrk_arguments(target, seconds)],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    if finished.returncode != 0:
        raise LoadError(f"wrk failed:\n{finished.stdout}{finished.stderr}")
    return finished.stdout


def wrk_arguments(target: Target, seconds: int) -> list[str]:
    arguments = [f"-c{CONNECTIONS}", f"-t{THREADS}", f"-d{seconds}s"]
    for name, value in target.headers.items():
        arguments += ["-H", f"{name}: {value}"]
    script = target.script
    if target.pages:
        script = Script("crawl.lua", (str(target.pages),))
    if script is None:
        return [*arguments, target.url]
    path = Path(__file__).parent / script.name
    return [*arguments, "-s", str(path), target.url, "--", *script.arguments]


def parse_rate(report: str) -> float:
    """Raises LoadError when any answer was not a good one."""
    rate, bad = _RATE.search(report), _BAD.search(report)
    if rate is None or bad is not None:
        raise LoadError(f"not every answer was good:\n{report}")
    return float(rate[1])


def parse_requests(report: str) -> int:
    """How many were answered. Raises LoadError."""
    requests = _REQUESTS.search(report)
    if requests is None or not int(requests[1]):
        raise LoadError(f"nothing was answered:\n{report}")
    return int(requests[1])
