"""What one customer waits for while another's thousands of pairs are enrolled."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import httpx

from benchmarks.budgets import BenchmarkBudget, create_budgets
from benchmarks.bulk import PATH as BULK
from benchmarks.bulk import open_runs
from benchmarks.credit import CONTENT_KEY, PRICE_CENTS
from benchmarks.load import JSON
from benchmarks.plans import BenchmarkPlan, create_plans
from benchmarks.results import Result
from benchmarks.stage import Stage
from benchmarks.world import CLIENT_ID, opened
from testing.fakes.lms import CLIENT_ID as LMS_CLIENT_ID
from testing.fakes.lms import CLIENT_SECRET, FakeLmsProcess
from testing.servers.processes import WorkerProcess

COURSES: Final = 501
"""A world of its own, since work is left in it."""
LEARNERS, RUNS = 500, 20
REDEMPTIONS: Final = 10
CALL_SECONDS: Final = 0.05
"""That the LMS takes for an enrollment, so that the pairs take minutes."""
BOUND_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 120


@dataclass(frozen=True)
class _Customers:
    """One that redeems, and one that has many learners."""

    client: httpx.Client
    lms: FakeLmsProcess
    budget: BenchmarkBudget
    plan: BenchmarkPlan
    numbers: Iterator[int]

    def redeem(self) -> float:
        """Seconds from the request until the learner, who has an assignment, is enrolled."""
        email = f"single{next(self.numbers)}@example.com"
        _configure(self.lms, accounts={email: email.partition("@")[0]})
        allocation = {
            "learner_emails": [email],
            "content_key": CONTENT_KEY,
            "content_price_cents": PRICE_CENTS,
        }
        policy = self.budget.policy_uuid
        self._post(f"/enterprise/v1/policy-allocation/{policy}/allocate/", allocation)
        began = time.perf_counter()
        path = f"/enterprise/v1/policy-redemption/{policy}"
        answer = self._post(f"{path}/redeem/", {"content_key": CONTENT_KEY, "learner_email": email})
        while (state := self._state(answer.headers["location"])) != "committed":
            if state == "failed" or time.perf_counter() - began > PATIENCE_SECONDS:
                raise RuntimeError(f"the redemption is {state}")
            time.sleep(0.02)
        return time.perf_counter() - began

    def enroll_many(self) -> str:
        """Begins, and returns where the enrollment says how far it is."""
        # Every other license is activated.
        emails = [f"held{number}@example.com" for number in range(1, 2 * LEARNERS, 2)]
        _configure(self.lms, accounts={each: each.partition("@")[0] for each in emails})
        query = f"enterprise_customer_uuid={self.plan.enterprise_uuid}"
        body = {"emails": emails, "course_run_keys": open_runs(RUNS)}
        return self._post(f"{BULK}?{query}", body).headers["location"]

    def is_at_work(self, bulk: str) -> bool:
        """Whether some pairs are enrolled, and others wait."""
        status = self.client.get(bulk).raise_for_status().json()
        return bool(status["succeeded"]) and status["state"] != "done"

    def _post(self, path: str, body: Any) -> httpx.Response:
        return self.client.post(path, json=body).raise_for_status()

    def _state(self, url: str) -> str:
        return str(self.client.get(url).raise_for_status().json()["state"])


def single_redemption(stage: Stage) -> Sequence[Result]:
    """The slowest of ten, one after the other, alone and beside the pairs of another."""
    with _customers(stage) as customers:
        quiet = max(customers.redeem() for _ in range(REDEMPTIONS))
        bulk = customers.enroll_many()
        while not customers.is_at_work(bulk):
            time.sleep(0.1)
        beside = max(customers.redeem() for _ in range(REDEMPTIONS))
        if not customers.is_at_work(bulk):
            raise RuntimeError("the pairs were enrolled too soon")
    delay = beside - quiet
    name = f"slowest of {REDEMPTIONS} redemptions, beside {LEARNERS * RUNS:,} pairs of another"
    texts = f"{beside:.2f} s", f"{quiet:.2f} s", f"{delay:+.2f} s"
    return [Result(name, *texts, f"< +{BOUND_SECONDS:.2f} s", delay < BOUND_SECONDS)]


@contextmanager
def _customers(stage: Stage) -> Iterator[_Customers]:
    url = stage.world(COURSES).database_url
    with opened(url) as database:
        (budget,) = create_budgets(database, CLIENT_ID, "fair-single", 1, 0)
        (plan,) = create_plans(database, CLIENT_ID, "fair-many", 1, held=2 * LEARNERS, unassigned=0)
    folder = stage.folder / "fairness"
    folder.mkdir()
    server = stage.server(COURSES)
    headers = dict(server.target("/", JSON).headers)
    with FakeLmsProcess(folder) as lms:
        slow = {"on": "enroll", "seconds": CALL_SECONDS}
        _configure(lms, troubles=[slow] * (LEARNERS * RUNS + 2 * REDEMPTIONS))
        environment = {
            "BURSAR_DATABASE_URL": url,
            "BURSAR_LMS_URL": lms.url,
            "BURSAR_LMS_CLIENT_ID": LMS_CLIENT_ID,
            "BURSAR_LMS_CLIENT_SECRET": CLIENT_SECRET,
        }
        with (
            WorkerProcess(folder, environment) as worker,
            httpx.Client(
                base_url=server.url, headers=headers, trust_env=False, timeout=60
            ) as client,
        ):
            while "worker started" not in worker.log:
                time.sleep(0.1)
            yield _Customers(client, lms, budget, plan, count())


def _configure(lms: FakeLmsProcess, **wanted: object) -> None:
    url = f"{lms.url}/_fake/configure"
    httpx.post(url, json=wanted, trust_env=False, timeout=30).raise_for_status()


MEASUREMENTS: Final = {"fairness": single_redemption}
