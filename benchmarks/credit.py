"""What learner credit is measured by."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from benchmarks.budgets import BenchmarkBudget, create_budgets
from benchmarks.calls import TRIES, Calls
from benchmarks.load import JSON, Script, Target
from benchmarks.results import Result
from benchmarks.server import BenchmarkServer, Write
from benchmarks.stage import SMALL, Measurement, Stage
from benchmarks.world import CLIENT_ID, opened
from benchmarks.write_floor import SHARE_OF_LARGE_WRITES, SHARE_OF_WRITES
from bursar import clock
from bursar.demo.content import courses

FEW, MANY, OF_EACH = 10_000, 1_000_000, 10_000
POLICIES: Final = 8
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
    return server.target(_assignments_path(budget), JSON)


def _assignments_path(budget: BenchmarkBudget) -> str:
    uuid = budget.configuration_uuid
    return f"/enterprise/v1/assignment-configurations/{uuid}/admin/assignments/"


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
    one = budgets(stage, "allocation", 1, 0)
    several = budgets(stage, "allocation-several", POLICIES, 0)
    write = Write(_allocate(one[0]), _wish(f"f{number}" for number in range(10)))
    floor = stage.write_floor(stage.server(SMALL), write, "allocate")
    name = "allocate 10 learners"
    queue, spread = (stage.compare(_allocating(stage, each), floor) for each in (one, several))
    return [
        # A queue on one lock, which the floor does not have.
        Result.of_rates(f"{name}, one policy", queue, None),
        Result.of_rates(f"{name}, {POLICIES} policies", spread, SHARE_OF_WRITES),
    ]


def _allocating(stage: Stage, chosen: Sequence[BenchmarkBudget]) -> Target:
    target = stage.server(SMALL).target("", JSON)
    arguments = (CONTENT_KEY, str(PRICE_CENTS), *map(_allocate, chosen))
    return Target(target.url, target.headers, script=Script("allocate.lua", arguments))


def _allocate(budget: BenchmarkBudget) -> str:
    return f"/enterprise/v1/policy-allocation/{budget.policy_uuid}/allocate/"


def _wish(names: Iterable[str]) -> str:
    body = {
        "learner_emails": [f"{name}@example.com" for name in names],
        "content_key": CONTENT_KEY,
        "content_price_cents": PRICE_CENTS,
    }
    return msgspec.json.encode(body).decode()


def thousand(stage: Stage) -> list[Result]:
    """One call for a thousand learners, and one that cancels them all."""
    budget = budgets(stage, "thousand", 1, 0)[0]
    server = stage.server(SMALL)
    allocating, cancelling = (Calls(stage, server, f"{name}-1000") for name in ("add", "cancel"))
    path = f"{_assignments_path(budget)}cancel/"
    for number in range(TRIES + 1):
        wish = _wish(f"t{number}-{each}" for each in range(1000))
        created = allocating.do(Write(_allocate(budget), wish)).json()["created"]
        uuids = {"assignment_uuids": [item["uuid"] for item in created]}
        cancelling.do(Write(path, msgspec.json.encode(uuids).decode()))
    share = SHARE_OF_LARGE_WRITES
    return [
        Result.of_rates("allocate 1,000 learners in one call", allocating.compared(), share),
        Result.of_rates("cancel 1,000 assignments in one call", cancelling.compared(), share),
    ]


MEASUREMENTS: Final[Mapping[str, Measurement]] = {
    "assignments": assignment_list,
    "policies": policy_list,
    "allocation": allocation,
    "thousand": thousand,
}
