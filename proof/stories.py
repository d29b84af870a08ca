"""What clients do: every documented operation, and what is remembered of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Event
from typing import Any, Final

from proof.client import Client
from proof.journal import Journal
from proof.world import (
    CATALOG,
    CONFIGURATION,
    COURSES,
    ENTERPRISE,
    PLAN,
    POLICY,
    PRICE,
    RUNS,
    STUDENTS,
)

ALLOCATE: Final = f"/enterprise/v1/policy-allocation/{POLICY}/allocate/"
ASSIGNMENTS: Final = f"/enterprise/v1/assignment-configurations/{CONFIGURATION}/admin/assignments/"
REDEMPTION: Final = f"/enterprise/v1/policy-redemption/{POLICY}"
SUBSCRIPTIONS: Final = "/enterprise/v1/subscriptions"
LICENSES: Final = f"{SUBSCRIPTIONS}/{PLAN}/licenses"
BULK: Final = "/enterprise/v1/bulk-license-enrollment"
CUSTOMER: Final = f"/enterprise/v3/enterprise-customer/{ENTERPRISE}"
SUMMARY: Final = f"{CUSTOMER}/learner-summary"
CATALOGS: Final = "/enterprise/v2/enterprise-catalogs"
OF_ENTERPRISE: Final = {"enterprise_customer_uuid": str(ENTERPRISE)}


@dataclass
class Visitor:
    """One client, story after story, until it is over."""

    number: int
    client: Client
    over: Event
    introduce: Callable[..., None]
    """Gives addresses an account in the LMS."""
    random: Random
    journal: Journal = field(default_factory=Journal)
    _steps: int = 0

    def visit(self) -> None:
        stories = [self.credit] * 4 + [self.seats] * 3 + [self.read] * 6 + [self.progress]
        stories += [self.bulk] if self.number == 0 else []
        while not self.over.is_set():
            self._steps += 1
            self.random.choice(stories)()

    def _people(self, kind: str, count: int) -> list[str]:
        return [f"{kind}{self.number}-{self._steps}-{each}@proof.example" for each in range(count)]

    def credit(self) -> None:
        emails = self._people("a", self.random.randint(1, 4))
        content_key = self.random.choice(COURSES)
        wish = {
            "learner_emails": emails,
            "content_key": content_key,
            "content_price_cents": PRICE,
        }
        created = self.client.post(ALLOCATE, wish, 202)["created"]
        for item in created:
            email, uuid = item["learner_email"], item["uuid"]
            self.journal.assignments[email] = (uuid, "allocated")
            self._settle(email, uuid, content_key)

    def _settle(self, email: str, uuid: str, content_key: str) -> None:
        fate = self.random.choice(["keep", "remind", "cancel", "redeem", "redeem"])
        if fate == "remind":
            self.client.post(f"{ASSIGNMENTS}remind/", {"assignment_uuids": [uuid]})
        elif fate == "cancel":
            self.client.post(f"{ASSIGNMENTS}cancel/", {"assignment_uuids": [uuid]})
            self.journal.assignments[email] = (uuid, "cancelled")
        elif fate == "redeem":
            self.introduce(email)
            body = {"learner_email": email, "content_key": content_key}
            transaction = self.client.post(f"{REDEMPTION}/redeem/", body)
            self.journal.assignments[email] = (uuid, "accepted")
            self.journal.transactions[transaction["uuid"]] = "committed"

    def seats(self) -> None:
        emails = self._people("s", self.random.randint(1, 5))
        answer = self.client.post(f"{LICENSES}/assign", {"user_emails": emails})
        for given in answer["license_assignments"]:
            self.journal.licenses[given["user_email"]] = (given["license"], "assigned")
        if self.random.random() < 0.4:
            self.client.post(f"{LICENSES}/bulk-revoke", {"user_emails": emails[:1]}, 204)
            license_uuid, _ = self.journal.licenses[emails[0]]
            self.journal.licenses[emails[0]] = (license_uuid, "revoked")

    def bulk(self) -> None:
        emails = self.random.sample(STUDENTS, 5)
        runs = self.random.sample(RUNS, 3)
        body = {"emails": emails, "course_run_keys": runs, "notify": True}
        job = self.client.post(f"{BULK}?enterprise_customer_uuid={ENTERPRISE}", body, 201)
        self.journal.jobs[job["job_id"]] = [(email, run) for email in emails for run in runs]

    def progress(self) -> None:
        grade = round(self.random.random(), 3)
        pairs = [(email, self.random.choice(RUNS)) for email in self._people("p", 20)]
        rows = [_row(pair, grade) for pair in pairs]
        self.client.put(f"{CUSTOMER}/learner-progress", {"enrollments": rows})
        self.journal.progress |= dict.fromkeys(pairs, grade)

    def read(self) -> None:
        path, query = self.random.choice(READS)
        self.client.get(path, **query)
        if self.random.random() < 0.02:
            self.client.get(SUMMARY, accept="text/csv")
            self.client.renew_token()


READS: Final[Sequence[tuple[str, dict[str, Any]]]] = (
    (CATALOGS, {}),
    (f"{CATALOGS}/{CATALOG}", {"limit": 5}),
    (f"{CATALOGS}/{CATALOG}/courses/{COURSES[0]}", {}),
    (f"{CATALOGS}/{CATALOG}/course-runs/{RUNS[0]}", {}),
    ("/enterprise/v1/subsidy-access-policies/", OF_ENTERPRISE),
    (ASSIGNMENTS, {}),
    (SUBSCRIPTIONS, OF_ENTERPRISE),
    (LICENSES, {"status": "assigned"}),
    (SUMMARY, {}),
)


def _row(pair: tuple[str, str], grade: float) -> dict[str, Any]:
    email, run = pair
    return {
        "learner_email": email,
        "courserun_key": run,
        # Of people who have consented to nothing, the report shows what was paid, and no grade.
        "contract_id": email,
        "amount_learner_paid": grade,
    }
