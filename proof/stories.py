"""What clients do: every documented operation, and what is remembered of each."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Event
from typing import Any, Final

from proof.client import Client, Unexpected
from proof.journal import Journal
from proof.world import (
    CATALOG,
    CONFIGURATION,
    COURSES,
    ENTERPRISE,
    NARROW_CONFIGURATION,
    NARROW_LIMIT,
    NARROW_POLICY,
    PLAN,
    POLICY,
    PRICE,
    RUNS,
    STUDENTS,
    run_of,
)

ALLOCATION: Final = "/enterprise/v1/policy-allocation"
ALLOCATE: Final = f"{ALLOCATION}/{POLICY}/allocate/"
CONFIGURATIONS: Final = "/enterprise/v1/assignment-configurations"
ASSIGNMENTS: Final = f"{CONFIGURATIONS}/{CONFIGURATION}/admin/assignments/"
NARROW_ASSIGNMENTS: Final = f"{CONFIGURATIONS}/{NARROW_CONFIGURATION}/admin/assignments/"
REDEMPTION: Final = f"/enterprise/v1/policy-redemption/{POLICY}"
SUBSCRIPTIONS: Final = "/enterprise/v1/subscriptions"
LICENSES: Final = f"{SUBSCRIPTIONS}/{PLAN}/licenses"
BULK: Final = "/enterprise/v1/bulk-license-enrollment"
CUSTOMER: Final = f"/enterprise/v3/enterprise-customer/{ENTERPRISE}"
SUMMARY: Final = f"{CUSTOMER}/learner-summary"
CATALOGS: Final = "/enterprise/v2/enterprise-catalogs"
ASSIGNED, REMINDED, CANCELLED = "has assigned you", "Reminder:", "is no longer assigned to you"
LICENSED, ENROLLED = "has given you a license", "has enrolled you"
"""What the subjects of mails say."""
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
    _reversible: deque[tuple[str, str, str, str]] = field(default_factory=deque)
    """Transaction, address, assignment and course run of what is to be reversed."""

    def visit(self) -> None:
        """Ends early, and enters it in the journal, when an answer is one that nobody may get."""
        try:
            self._visit()
        except Unexpected as error:
            self.journal.unexpected.append(str(error))

    def _visit(self) -> None:
        self.race()
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
        fate = self.random.choice(["keep", "remind", "cancel", "redeem", "redeem", "reverse"])
        if fate in {"keep", "remind"}:
            self.journal.owed.add((email, ASSIGNED))
        if fate == "remind":
            self.client.post(f"{ASSIGNMENTS}remind/", {"assignment_uuids": [uuid]})
            self.journal.owed.add((email, REMINDED))
        elif fate == "cancel":
            self.client.post(f"{ASSIGNMENTS}cancel/", {"assignment_uuids": [uuid]})
            self.journal.assignments[email] = (uuid, "cancelled")
            self.journal.owed.add((email, CANCELLED))
        elif fate in {"redeem", "reverse"}:
            transaction = self._redeem(email, uuid, content_key)
            if fate == "reverse":
                self._reversible.append((transaction, email, uuid, run_of(content_key)))
        self._reverse_one()

    def _redeem(self, email: str, uuid: str, content_key: str) -> str:
        self.introduce(email)
        body = {"learner_email": email, "content_key": content_key}
        transaction: str = self.client.post(f"{REDEMPTION}/redeem/", body)["uuid"]
        self.journal.assignments[email] = (uuid, "accepted")
        self.journal.transactions[transaction] = "committed"
        self.journal.seats[email, run_of(content_key)] = True
        return transaction

    def _reverse_one(self) -> None:
        """The oldest of those that are to be reversed, once it is committed."""
        if not self._reversible:
            return
        transaction, email, uuid, run = self._reversible[0]
        path = f"{REDEMPTION}/transactions/{transaction}/"
        if self.client.get(path).json()["state"] != "committed":
            return
        self._reversible.popleft()
        self.client.post(f"{path}reverse/", None)
        self.journal.assignments[email] = (uuid, "reversed")
        self.journal.transactions[transaction] = "reversed"
        self.journal.seats[email, run] = False

    def race(self) -> None:
        """All clients at once ask for more than the narrow budget holds."""
        for number in range(NARROW_LIMIT // 2):
            email = f"n{self.number}-{number}@proof.example"
            wish = {
                "learner_emails": [email],
                "content_key": COURSES[0],
                "content_price_cents": PRICE,
            }
            path = f"{ALLOCATION}/{NARROW_POLICY}/allocate/"
            answer = self.client.try_post(path, wish, 202, 422)
            if answer.status_code == 202:
                uuid = answer.json()["created"][0]["uuid"]
                self.journal.narrow[email] = (uuid, "allocated")
                self.journal.owed.add((email, ASSIGNED))

    def seats(self) -> None:
        emails = self._people("s", self.random.randint(1, 5))
        answer = self.client.post(f"{LICENSES}/assign", {"user_emails": emails})
        for given in answer["license_assignments"]:
            self.journal.licenses[given["user_email"]] = (given["license"], "assigned")
            self.journal.owed.add((given["user_email"], LICENSED))
        if self.random.random() < 0.4:
            self.client.post(f"{LICENSES}/bulk-revoke", {"user_emails": emails[:1]}, 204)
            license_uuid, _ = self.journal.licenses[emails[0]]
            self.journal.licenses[emails[0]] = (license_uuid, "revoked")
            # The mail of a license that is revoked before it was sent is not sent any more.
            self.journal.owed.discard((emails[0], LICENSED))

    def bulk(self) -> None:
        emails = self.random.sample(STUDENTS, 5)
        runs = self.random.sample(RUNS, 3)
        body = {"emails": emails, "course_run_keys": runs, "notify": True}
        job = self.client.post(f"{BULK}?enterprise_customer_uuid={ENTERPRISE}", body, 201)
        pairs = [(email, run) for email in emails for run in runs]
        self.journal.jobs[job["job_id"]] = pairs
        self.journal.seats |= dict.fromkeys(pairs, True)
        self.journal.owed |= {(email, ENROLLED) for email in emails}
        self.journal.enrolled |= set(pairs)

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
