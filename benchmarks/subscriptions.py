"""What subscriptions are measured by."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from benchmarks.calls import TRIES, Calls
from benchmarks.load import JSON, ROUNDS, WARM_UP_SECONDS, Script, Target
from benchmarks.plans import BenchmarkPlan, create_plans
from benchmarks.results import Result
from benchmarks.server import Write
from benchmarks.stage import SMALL, Measurement, Stage
from benchmarks.world import CLIENT_ID, opened
from benchmarks.write_floor import SHARE_OF_LARGE_WRITES, SHARE_OF_WRITES

FEW, MANY = 1_000, 100_000
PLANS: Final = 8
SEATS: Final = 100_000
"""Of each plan that is assigned from: more than a run takes."""
REVOCATIONS_A_SECOND: Final = 800
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
    write = Write(f"{one[0].path}/assign", _people(f"f{number}" for number in range(10)))
    floor = stage.write_floor(stage.server(SMALL), write, "assign")
    name = "assign 10 licenses"
    spread, queue = (stage.compare(_assigning(stage, each), floor) for each in (several, one))
    return [
        Result.of_rates(f"{name}, {PLANS} plans", spread, SHARE_OF_WRITES),
        # A queue on one lock, which the floor does not have.
        Result.of_rates(f"{name}, one plan", queue, None),
    ]


def _assigning(stage: Stage, chosen: Sequence[BenchmarkPlan]) -> Target:
    target = stage.server(SMALL).target("", JSON)
    script = Script("assign.lua", tuple(f"{plan.path}/assign" for plan in chosen))
    return Target(target.url, target.headers, script=script)


def revocation(stage: Stage) -> list[Result]:
    """Half of the licenses are activated. Every answer is 204, or the measurement breaks."""
    # From the first run to the last, those of the floor between them.
    seconds = 2 * ROUNDS * (WARM_UP_SECONDS + stage.seconds) + _SLACK_SECONDS
    held = REVOCATIONS_A_SECOND * seconds * 10 // PLANS
    chosen = plans(stage, "revoke", PLANS, held=held, unassigned=0)
    last = _people(f"held{held - number - 1}" for number in range(10))
    write = Write(f"{chosen[0].path}/bulk-revoke", last)
    floor = stage.write_floor(stage.server(SMALL), write, "revoke")
    target = stage.server(SMALL).target("", JSON)
    paths = (f"{plan.path}/bulk-revoke" for plan in chosen)
    start = str(int(time.time()))
    script = Script("revoke.lua", (start, str(REVOCATIONS_A_SECOND), *paths))
    compared = stage.compare(Target(target.url, target.headers, script=script), floor)
    return [Result.of_rates(f"revoke 10 licenses, {PLANS} plans", compared, SHARE_OF_WRITES)]


def in_one_call(stage: Stage) -> list[Result]:
    (plan,) = plans(stage, "one-call", 1, held=0, unassigned=SEATS)
    server = stage.server(SMALL)
    thousand, revoked, ten_thousand = (
        Calls(stage, server, name) for name in ("assign-1000", "revoke-1000", "assign-10000")
    )
    for number in range(TRIES + 1):
        people = _people(f"t{number}-{each}" for each in range(1_000))
        thousand.do(Write(f"{plan.path}/assign", people))
        revoked.do(Write(f"{plan.path}/bulk-revoke", people))
        people = _people(f"m{number}-{each}" for each in range(10_000))
        ten_thousand.do(Write(f"{plan.path}/assign", people))
    share = SHARE_OF_LARGE_WRITES
    return [
        Result.of_rates("assign 1,000 licenses in one call", thousand.compared(), share),
        Result.of_rates("assign 10,000 licenses in one call", ten_thousand.compared(), None),
        Result.of_rates("revoke 1,000 licenses in one call", revoked.compared(), share),
    ]


def _people(names: Iterable[str]) -> str:
    return msgspec.json.encode({"user_emails": [f"{name}@example.com" for name in names]}).decode()


MEASUREMENTS: Final[Mapping[str, Measurement]] = {
    "plans": plan_list,
    "assign": assignment,
    "revoke": revocation,
    "licenses": in_one_call,
}
