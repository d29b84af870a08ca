"""What an ordinary client feels of callers without a good token who do their worst."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Final

import httpx

from benchmarks.attack import CONNECTIONS
from benchmarks.load import JSON
from benchmarks.results import Result
from benchmarks.server import BenchmarkServer
from benchmarks.stage import SMALL, Stage
from benchmarks.world import CATALOG, CLIENT_ID, opened
from bursar import clock
from bursar.actors import Actor
from bursar.identity.service import rotate_secret
from testing.paths import REPOSITORY

ROUNDS: Final = 2
SETTLING_SECONDS: Final = 10
"""In which the attack spends what it is allowed before it is slowed down."""
BOUND: Final = 3.0


def under_attack(stage: Stage) -> Sequence[Result]:
    """In turns: without the attack, and with it."""
    server = stage.server(SMALL)
    target = server.target(f"/enterprise/v2/enterprise-catalogs/{CATALOG}?limit=20", JSON)
    page = httpx.Request("GET", target.url, headers=dict(target.headers))
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID}
    form["client_secret"] = _new_secret(server.world.database_url)
    token = httpx.Request("POST", f"{server.url}/oauth2/v1/access_token", data=form)
    beside = f"one client, beside {CONNECTIONS} hostile connections"
    return [
        Result.of_delay(f"{name}, {beside}", _attacked_and_quiet(server, request, stage), BOUND)
        for name, request in {"page of 20 JSON": page, "token": token}.items()
    ]


def _new_secret(database_url: str) -> str:
    with opened(database_url) as database, database.transaction() as session:
        return rotate_secret(session, Actor("benchmark"), CLIENT_ID, at=clock.now())


def _attacked_and_quiet(
    server: BenchmarkServer, request: httpx.Request, stage: Stage
) -> tuple[float, float]:
    """The usual seconds of a call with the attack, and without."""
    quiet: list[float] = []
    attacked: list[float] = []
    for _ in range(ROUNDS):
        quiet += _seconds_of_calls(request, stage.seconds)
        with _attack(server):
            attacked += _seconds_of_calls(request, stage.seconds)
    return median(attacked), median(quiet)


def _seconds_of_calls(request: httpx.Request, seconds: float) -> list[float]:
    """Of one client that asks again as soon as it is answered. Every answer must be good."""
    taken: list[float] = []
    with httpx.Client(trust_env=False, timeout=30) as client:
        client.send(request).raise_for_status()
        end = time.perf_counter() + seconds
        while (started := time.perf_counter()) < end:
            client.send(request).raise_for_status()
            taken.append(time.perf_counter() - started)
    return taken


@contextmanager
def _attack(server: BenchmarkServer) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.attack", str(server.port), CLIENT_ID]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        time.sleep(SETTLING_SECONDS)
        yield
        if process.poll() is not None:
            raise RuntimeError(f"the attack ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()


MEASUREMENTS: Final = {"hostile": under_attack}
