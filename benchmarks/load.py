"""Load from wrk, and what it says of the answers."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

CONNECTIONS = 16
THREADS = 2
WARM_UP_SECONDS = 2
ROUNDS = 2
JSON: Final = {"Accept": "application/json"}
_RATE = re.compile(r"^Requests/sec: +([0-9.]+)", re.MULTILINE)
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


def compare(one: Target, other: Target, seconds: int) -> tuple[float, float]:
    """Requests a second of both, measured in turns so that what disturbs one disturbs both."""
    rates = [
        (requests_per_second(one, seconds), requests_per_second(other, seconds))
        for _ in range(ROUNDS)
    ]
    return median(rate for rate, _ in rates), median(rate for _, rate in rates)


def requests_per_second(target: Target, seconds: int) -> float:
    _wrk(target, WARM_UP_SECONDS)
    return _wrk(target, seconds)


def _wrk(target: Target, seconds: int) -> float:
    finished = subprocess.run(
        ["wrk", *wrk_arguments(target, seconds)],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    if finished.returncode != 0:
        raise LoadError(f"wrk failed:\n{finished.stdout}{finished.stderr}")
    return parse_rate(finished.stdout)


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
