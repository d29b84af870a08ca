"""What learner credit is measured by."""

import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

from benchmarks.budgets import BenchmarkBudget, create_budgets
from benchmarks.load import JSON, Script, Target
from benchmarks.results import Result
from benchmarks.server import BenchmarkServer
from benchmarks.stage import SMALL, Measurement, Stage
from benchmarks.world import CLIENT_ID, opened
from bursar import clock
from bursar.demo.content import courses

FEW, MANY, OF_EACH = 10_000, 1_000_000, 10_000
ALLOCATIONS_PER_SECOND: Final = 250
CALL_MILLISECONDS: Final = 150
TRIES: Final = 5
_COURSE: Final = next(courses(1, clock.now()))
CONTENT_KEY: Final[str] = _COURSE["key"]
PRICE_CENTS: Final = int(_COURSE["course_runs"][0]["first_enrollable_paid_seat_price"] * 100)


def budgets(stage: Stage, name: str, policies: int, assignments: int) -> list[BenchmarkBudget]:
    """Made before the first request of their measurement."""

    def make() -> list[BenchmarkBudget]:
        with opened(stage.world(SMALL).database_url) as database:
            return create_budgets(database, CLIENT_ID, name, policies, assignments)

    return stage.prepared(name, make)


def _assignments(server: BenchmarkServer, budget: BenchmarkBudget) -> Target:
    uuid = budget.configuration_uuid
    path = f"/enterprise/v1/assignment-configurations/{uuid}/admin/assignments/"
    return server.target(path, JSON)


def assignment_list(stage: Stage) -> list[Result]:
    few, many = (budgets(stage, f"rows-{count}", 1, count)[0] for count in (FEW, MANY))
    server = stage.server(SMALL)
    small, large = _assignments(server, few), _assignments(server, many)
    floor = server.floor_of(small, "assignments")
    name = "list of assignments"
    last = Target(f"{large.url}?page=last", large.headers)
    return [
        Result.of_rates(f"{name}, {FEW:,} rows", stage.compare(small, floor), 0.2),
        Result.of_rates(f"{name}, {MANY:,} rows against {FEW:,}", stage.compare(large, small), 0.5),
        Result.of_rates(f"{name}, last page of {MANY:,}", stage.compare(last, small), None),
    ]


def policy_list(stage: Stage) -> list[Result]:
    enterprise = budgets(stage, "policies", 10, OF_EACH)[0].enterprise_uuid
    server = stage.server(SMALL)
    path = f"/enterprise/v1/subsidy-access-policies/?enterprise_customer_uuid={enterprise}"
    target = server.target(path, JSON)
    floor = server.floor_of(target, "policies")
    name = f"list of 10 policies, {10 * OF_EACH:,} assignments"
    return [Result.of_rates(name, stage.compare(target, floor), 0.2)]


def allocation(stage: Stage) -> list[Result]:
    """Every answer is 202, or the measurement breaks."""
    budget = budgets(stage, "allocation", 1, 0)[0]
    target = stage.server(SMALL).target(_allocate(budget), JSON)
    script = Script("allocate.lua", (CONTENT_KEY, str(PRICE_CENTS)))
    rate = stage.rate(Target(target.url, target.headers, script=script))
    return [Result.of_rate("allocate 10 learners, one policy", rate, ALLOCATIONS_PER_SECOND)]


def _allocate(budget: BenchmarkBudget) -> str:
    return f"/enterprise/v1/policy-allocation/{budget.policy_uuid}/allocate/"


def thousand(stage: Stage) -> list[Result]:
    """One call for a thousand learners, and one that cancels them all."""
    budget = budgets(stage, "thousand", 1, 0)[0]
    server = stage.server(SMALL)
    target = server.target(_allocate(budget), JSON)
    cancelling = f"{_assignments(server, budget).url}cancel/"
    allocated, cancelled = [], []
    with httpx.Client(headers=dict(target.headers), trust_env=False, timeout=60) as client:
        for number in range(TRIES):
            emails = [f"t{number}-{each}@example.com" for each in range(1000)]
            body = {
                "learner_emails": emails,
                "content_key": CONTENT_KEY,
                "content_price_cents": PRICE_CENTS,
            }
            seconds, answer = _timed(client, target.url, body)
            allocated.append(seconds)
            uuids = [item["uuid"] for item in answer.json()["created"]]
            cancelled.append(_timed(client, cancelling, {"assignment_uuids": uuids})[0])
    return [
        Result.of_calls("allocate 1,000 learners in one call", allocated, CALL_MILLISECONDS),
        Result.of_calls("cancel 1,000 assignments in one call", cancelled, CALL_MILLISECONDS),
    ]


def _timed(client: httpx.Client, url: str, body: Any) -> tuple[float, httpx.Response]:
    started = time.perf_counter()
    answer = client.post(url, json=body).raise_for_status()
    return time.perf_counter() - started, answer


MEASUREMENTS: Final[Mapping[str, Measurement]] = {
    "assignments": assignment_list,
    "policies": policy_list,
    "allocation": allocation,
    "thousand": thousand,
}
