"""What bulk enrollment is measured by: pairs of a learner and a run that workers enroll."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.load import JSON, Compared
from benchmarks.plans import BenchmarkPlan
from benchmarks.results import Result
from benchmarks.server import BenchmarkServer
from benchmarks.stage import SMALL, Measurement, Stage
from benchmarks.subscriptions import plans
from bursar import clock
from bursar.demo.content import courses
from testing.servers.processes import WorkerProcess

PATH: Final = "/enterprise/v1/bulk-license-enrollment"
LEARNERS: Final = 500
RUNS: Final = 100
PAIRS_PER_SECOND: Final = 2_000
SHARE_OF_TWO: Final = 1.6
PATIENCE_SECONDS: Final = 600


def bulk(stage: Stage) -> list[Result]:
    """Every pair succeeds, or the measurement breaks. Learners are others each time."""
    (plan,) = plans(stage, "bulk", 1, held=6 * LEARNERS, unassigned=0)
    server = stage.server(SMALL)
    # A job that is not counted: PostgreSQL makes its plans and its files.
    rates = [_rate(stage, server, plan, workers, turn) for turn, workers in enumerate((1, 1, 2))]
    _, one, two = rates
    return [
        Result.of_rate(
            f"bulk enrollment of {LEARNERS * RUNS:,} pairs, one worker", one, PAIRS_PER_SECOND
        ),
        Result.of_rates(
            "bulk enrollment, two workers against one", Compared(two, one), SHARE_OF_TWO
        ),
    ]


def _rate(
    stage: Stage, server: BenchmarkServer, plan: BenchmarkPlan, workers: int, turn: int
) -> float:
    """Pairs a second, from the request on."""
    # Every other license is activated.
    first = turn * 2 * LEARNERS + 1
    emails = [f"held{number}@example.com" for number in range(first, first + 2 * LEARNERS, 2)]
    query = f"enterprise_customer_uuid={plan.enterprise_uuid}"
    target = server.target(f"{PATH}?{query}", JSON)
    body = {"emails": emails, "course_run_keys": open_runs(RUNS)}
    with (
        _working(stage, workers),
        httpx.Client(headers=dict(target.headers), trust_env=False, timeout=60) as client,
    ):
        answer = client.post(target.url, json=body).raise_for_status()
        status = _finished(client, answer.headers["location"])
    if status["succeeded"] != status["total"]:
        raise RuntimeError(f"not every pair succeeded: {status}")
    started, ended = (clock.parse_instant(status[name]) for name in ("created", "finished"))
    return float(status["total"] / (ended - started).total_seconds())


def _finished(client: httpx.Client, url: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        status: dict[str, Any] = client.get(url).raise_for_status().json()
        if status["state"] == "done":
            return status
        if time.monotonic() > deadline:
            raise TimeoutError(f"the job was not done in time: {status}")
        time.sleep(0.5)


@contextmanager
def _working(stage: Stage, count: int) -> Iterator[None]:
    """Workers that are ready to take jobs."""
    environment = {
        "BURSAR_DATABASE_URL": stage.world(SMALL).database_url,
        "BURSAR_LOG_LEVEL": "INFO",
    }
    with ExitStack() as stack:
        workers = [WorkerProcess(_folder(stage), environment) for _ in range(count)]
        for worker in workers:
            stack.enter_context(worker)
        while not all("worker started" in worker.log for worker in workers):
            time.sleep(0.1)
        yield


def _folder(stage: Stage) -> Path:
    folder = stage.folder / "workers"
    folder.mkdir(exist_ok=True)
    return folder


def open_runs(count: int) -> list[str]:
    """Of the first courses of the demo: runs that are open."""
    found = [
        run["key"]
        for course in courses(SMALL, clock.now())
        for run in course["course_runs"]
        if run["status"] == "published" and run["is_enrollable"] and _is_ahead(run)
    ]
    return found[:count]


def _is_ahead(run: Mapping[str, Any]) -> bool:
    now = clock.format_instant(clock.now())
    return all(run[name] is None or run[name] > now for name in ("enrollment_end", "end"))


MEASUREMENTS: Final[Mapping[str, Measurement]] = {"bulk": bulk}
