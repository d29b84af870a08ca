"""What subscriptions are measured by."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

import httpx

from benchmarks.load import JSON, WARM_UP_SECONDS, Script, Target
from benchmarks.plans import BenchmarkPlan, create_plans
from benchmarks.results import Result
from benchmarks.server import BenchmarkServer
from benchmarks.stage import SMALL, Measurement, Stage
from benchmarks.world import CLIENT_ID, opened

FEW, MANY = 1_000, 100_000
PLANS: Final = 8
SEATS: Final = 100_000
"""Of each plan that is assigned from: more than a run takes."""
TRIES: Final = 5
REVOCATIONS_A_SECOND: Final = 2_000
"""No run may do more."""
_SLACK_SECONDS: Final = 3
LIST_BOUND: Final = 0.25


def plans(
    stage: Stage, name: str, number: int, *, held: int, unassigned: int
) -> list[BenchmarkPlan]:
    """Made before the first request of their measurement."""

    def make() -> list[BenchmarkPlan]:
        with opened(stage.world(SMALL).database_url) as database:
            return create_plans(database, CLIENT_ID, name, number, held=held, unassigned=unassigned)

    return stage.prepared(name, make)


def plan_list(stage: Stage) -> list[Result]:
    results = []
    for licenses in (FEW, MANY):
        name = f"plans-{licenses}"
        # Some in every status: the list reads counts, whatever they are.
        held = licenses // 100
        ten = plans(stage, name, 10, held=held, unassigned=licenses - held)
        server = stage.server(SMALL)
        query = f"enterprise_customer_uuid={ten[0].enterprise_uuid}"
        target = server.target(f"/enterprise/v1/subscriptions?{query}", JSON)
        rates = stage.compare(target, server.floor_of(target, name))
        title = f"list of 10 plans, {licenses:,} licenses each"
        results.append(Result.of_rates(title, rates, LIST_BOUND))
    return results


def assignment(stage: Stage) -> list[Result]:
    """Every answer is 200, or the measurement breaks."""
    several = plans(stage, "assign-several", PLANS, held=0, unassigned=SEATS)
    one = plans(stage, "assign-one", 1, held=0, unassigned=SEATS)
    return [
        Result.of_rate(f"assign 10 licenses, {PLANS} plans", _assigning(stage, several), 500),
        Result.of_rate("assign 10 licenses, one plan", _assigning(stage, one), 250),
    ]


def _assigning(stage: Stage, chosen: Sequence[BenchmarkPlan]) -> float:
    target = stage.server(SMALL).target("", JSON)
    script = Script("assign.lua", tuple(f"{plan.path}/assign" for plan in chosen))
    return stage.rate(Target(target.url, target.headers, script=script))


def revocation(stage: Stage) -> list[Result]:
    """Half of the licenses are activated. Every answer is 204, or the measurement breaks."""
    calls = REVOCATIONS_A_SECOND * (WARM_UP_SECONDS + stage.seconds + _SLACK_SECONDS)
    chosen = plans(stage, "revoke", PLANS, held=calls * 10 // PLANS, unassigned=0)
    target = stage.server(SMALL).target("", JSON)
    paths = (f"{plan.path}/bulk-revoke" for plan in chosen)
    start = str(int(time.time()))
    script = Script("revoke.lua", (start, str(REVOCATIONS_A_SECOND), *paths))
    rate = stage.rate(Target(target.url, target.headers, script=script))
    return [Result.of_rate(f"revoke 10 licenses, {PLANS} plans", rate, 400)]


def in_one_call(stage: Stage) -> list[Result]:
    (plan,) = plans(stage, "one-call", 1, held=0, unassigned=SEATS)
    server = stage.server(SMALL)
    thousand, revoked, ten_thousand = [], [], []
    for number in range(TRIES):
        emails = [f"t{number}-{each}@example.com" for each in range(1_000)]
        thousand.append(_seconds(server, f"{plan.path}/assign", emails))
        revoked.append(_seconds(server, f"{plan.path}/bulk-revoke", emails))
        emails = [f"m{number}-{each}@example.com" for each in range(10_000)]
        ten_thousand.append(_seconds(server, f"{plan.path}/assign", emails))
    return [
        Result.of_calls("assign 1,000 licenses in one call", thousand, 100),
        Result.of_calls("assign 10,000 licenses in one call", ten_thousand, 1_000),
        Result.of_calls("revoke 1,000 licenses in one call", revoked, 150),
    ]


def _seconds(server: BenchmarkServer, path: str, emails: Sequence[str]) -> float:
    target = server.target(path, JSON)
    with httpx.Client(headers=dict(target.headers), trust_env=False, timeout=60) as client:
        client.get(f"{server.url}/health").raise_for_status()
        started = time.perf_counter()
        client.post(target.url, json={"user_emails": list(emails)}).raise_for_status()
        return time.perf_counter() - started


MEASUREMENTS: Final[Mapping[str, Measurement]] = {
    "plans": plan_list,
    "assign": assignment,
    "revoke": revocation,
    "licenses": in_one_call,
}
