"""What an ordinary client feels of callers without a good token who do their worst: each kind of
attack apart, and all together."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Final

import httpx

from benchmarks.attack import ATTACKS, CONNECTIONS, new_client_ids, wrong_secrets
from benchmarks.load import JSON
from benchmarks.results import Result
from benchmarks.server import BenchmarkServer, processor_seconds
from benchmarks.stage import SMALL, Stage
from benchmarks.world import CATALOG, CLIENT_ID, opened
from bursar import clock
from bursar.actors import Actor
from bursar.identity.service import rotate_secret
from testing.paths import REPOSITORY

BOUND: Final = 3.0
EACH: Final = tuple(attack.__name__ for attack in ATTACKS)
ALL: Final = ""
ASKING_FOR_TOKENS: Final = {new_client_ids.__name__, wrong_secrets.__name__}
FORGETTING_SECONDS: Final = 61
"""After which no failure of a token request counts any more."""


def under_attack(stage: Stage) -> Sequence[Result]:
    """In turns: without the attack, and with it, from its first second on."""
    server = stage.server(SMALL)
    target = server.target(f"/enterprise/v2/enterprise-catalogs/{CATALOG}?limit=20", JSON)
    page = httpx.Request("GET", target.url, headers=dict(target.headers))
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID}
    form["client_secret"] = _new_secret(server.world.database_url)
    token = httpx.Request("POST", f"{server.url}/oauth2/v1/access_token", data=form)
    _seconds_of_calls(page, stage.seconds)
    rows = [("page of 20 JSON", page, attack) for attack in (*EACH, ALL)]
    return [
        result
        for name, request, attack in [*rows, ("token", token, ALL)]
        for result in _results(f"{name}, {_named(attack)}", server, request, attack, stage.seconds)
    ]


def _named(attack: str) -> str:
    return f"{CONNECTIONS} connections: {attack.replace('_', ' ') or 'all of these'}"


def _new_secret(database_url: str) -> str:
    with opened(database_url) as database, database.transaction() as session:
        return rotate_secret(session, Actor("benchmark"), CLIENT_ID, at=clock.now())


def _results(
    name: str, server: BenchmarkServer, request: httpx.Request, attack: str, seconds: float
) -> list[Result]:
    """How many times as long a call takes, and what the server spends on the attack alone."""
    quiet = median(_seconds_of_calls(request, seconds))
    with _attack(server, attack):
        attacked = median(_seconds_of_calls(request, seconds))
        before, began = processor_seconds(server.pid), time.perf_counter()
        time.sleep(seconds)
        spent = processor_seconds(server.pid) - before
        share = spent / (time.perf_counter() - began)
    if attack in {ALL, *ASKING_FOR_TOKENS}:
        # Otherwise this attack would have used up what is allowed to the next one.
        time.sleep(FORGETTING_SECONDS)
    return [
        Result.of_delay(name, (attacked, quiet), BOUND),
        Result(f"{name}, alone", "", "", f"{share:.0%} of a core"),
    ]


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
def _attack(server: BenchmarkServer, attack: str) -> Iterator[None]:
    """On a core of its own choice an attacker would take time from the server which only attackers
    on the same machine can take. So it is given the last one."""
    command = [sys.executable, "-m", "benchmarks.attack", str(server.port), CLIENT_ID, attack]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
        process.stdout.readline()
        yield
        if process.poll() is not None:
            raise RuntimeError(f"the attack ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()


MEASUREMENTS: Final = {"hostile": under_attack}
