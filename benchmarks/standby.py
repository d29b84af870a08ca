"""What reads from a standby spare the primary: processor time, which hardly depends on load."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final
from uuid import UUID

import httpx

from benchmarks.bulk import open_runs
from benchmarks.load import JSON, Target
from benchmarks.reports import RUNS_EACH, create_report, tidy
from benchmarks.results import Result
from benchmarks.server import BenchmarkServer, processor_seconds
from benchmarks.stage import SMALL, Stage
from benchmarks.world import CLIENT_ID, World, create_world, opened
from testing.databases.postgres import PostgresServer
from testing.databases.standby import Standby

ROWS: Final = 20_000
REQUESTS: Final = 200
WARM_UP: Final = 50
"""Requests until every process knows what it keeps."""
ROUNDS: Final = 3


def primary_spared(stage: Stage) -> Sequence[Result]:
    """In turns: with the standby, and without."""
    with ExitStack() as stack:
        primary = stack.enter_context(PostgresServer(durable=True))
        folder = stage.folder / "standby"
        folder.mkdir()
        world = create_world(primary.address, folder, SMALL)
        enterprise = _report(world)
        standby = stack.enter_context(Standby(primary, durable=True))
        name = world.database_url.rpartition("/")[2]
        replica = {"BURSAR_REPLICA_URL": standby.address.url(name), "BURSAR_REPLICA_LAG": "60"}
        with_it = stack.enter_context(BenchmarkServer(world, folder / "with", replica))
        without = stack.enter_context(BenchmarkServer(world, folder / "without", {}))
        path = f"/enterprise/v3/enterprise-customer/{enterprise}/learner-summary"
        return [
            _spared(f"primary, report {what}", primary, with_it, without, path + query)
            for what, query in {"default page": "", "page of 1,000": "?page_size=1000"}.items()
        ]


def _report(world: World) -> UUID:
    with opened(world.database_url) as database:
        enterprise = create_report(database, CLIENT_ID, "report", ROWS, open_runs(RUNS_EACH))
        tidy(database)
    return enterprise


def _spared(
    name: str,
    primary: PostgresServer,
    with_it: BenchmarkServer,
    without: BenchmarkServer,
    path: str,
) -> Result:
    relieved, usual = (
        min(
            _seconds_each(primary, server.target(path, JSON), by_standby=server is with_it)
            for _ in range(ROUNDS)
        )
        for server in (with_it, without)
    )
    return Result.of_delay(f"{name}, with a standby against without", (relieved, usual), 0.5)


def _seconds_each(primary: PostgresServer, target: Target, *, by_standby: bool) -> float:
    """Processor seconds of the primary for a request."""
    with httpx.Client(headers=dict(target.headers), trust_env=False, timeout=60) as client:
        for _ in range(WARM_UP):
            answer = client.get(target.url).raise_for_status()
        if ("X-Data-As-Of" in answer.headers) != by_standby:
            raise LookupError(f"not answered by the server that was meant: {answer.headers}")
        before = processor_seconds(primary.pid)
        for _ in range(REQUESTS):
            client.get(target.url).raise_for_status()
        return (processor_seconds(primary.pid) - before) / REQUESTS


MEASUREMENTS: Final = {"standby": primary_spared}
