"""A reader who follows X-Next-Updated-Since misses nothing, whoever commits late."""

import json
import random
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.enrollment.commands import NewEnrollment, Payer, ReportSource
from bursar.enrollment.progress.reported_rows import ReportedRow
from bursar.enrollment.progress.service import store_reported
from bursar.enrollment.service import end_enrollments, record_enrollments
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import lock_learners, put_learners
from testing.databases.composed import composed
from testing.databases.plugin import DIALECTS
from testing.together import at_once
from testing.waiting import wait_until
from testing.worlds.reporting import NOW, World, learner
from tests.reporting.calling import Api

ACTOR = Actor("test")
RUN = "course-v1:edX+A+1"
POSTGRESQL = DIALECTS[1:]
MINUTE = timedelta(minutes=1)
LARGE = [f"large{number}@example.com" for number in range(30)]
SMALL = ["small@example.com"]


class Reader:
    """Keeps a copy of the report, by what its polls show."""

    def __init__(self, api: Api, enterprise_uuid: UUID) -> None:
        self.api, self.enterprise_uuid = api, enterprise_uuid
        self.cursor: str | None = None
        self.copy: dict[int, dict[str, Any]] = {}

    def poll(self, accept: str = "application/x-ndjson") -> list[dict[str, Any]]:
        since = {} if self.cursor is None else {"updated_since": self.cursor}
        answer = self.api.get(self.enterprise_uuid, accept=accept, page_size=10_000, **since)
        assert answer.status == 200, answer.body
        if accept == "application/json":
            rows: list[dict[str, Any]] = json.loads(answer.body)["results"]
        else:
            rows = [json.loads(line) for line in answer.body.splitlines()]
        self.cursor = answer.headers["X-Next-Updated-Since"]
        self.copy |= {row["enrollment_id"]: row for row in rows}
        return rows

    def emails(self, accept: str = "application/json") -> list[str]:
        """Of a poll."""
        return sorted(row["user_email"] for row in self.poll(accept))


@pytest.fixture
def api(database: Database) -> Api:
    return Api(database)


@pytest.fixture
def reader(api: Api) -> Reader:
    world = World(api.database).write(map(learner, [*LARGE, *SMALL]), [], [])
    api.admit(world.uuid)
    return Reader(api, world.uuid)


def report(
    session: Session, reader: Reader, emails: list[str], at: datetime, **values: Any
) -> None:
    rows = [ReportedRow(email, RUN, {"current_grade": 0.5, **values}) for email in emails]
    store_reported(session, ACTOR, reader.enterprise_uuid, rows, source=ReportSource.IMPORT, at=at)


@pytest.mark.parametrize("dialect", POSTGRESQL)
@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize(("held", "quick"), [(LARGE, SMALL), (SMALL, LARGE)])
@pytest.mark.parametrize("begins_later", [False, True])
def test_a_report_that_is_held_open_across_two_polls_is_seen_when_it_commits(
    reader: Reader, accept: str, held: list[str], quick: list[str], *, begins_later: bool
) -> None:
    open_at, quick_at = (NOW + MINUTE, NOW) if begins_later else (NOW, NOW + MINUTE)
    database = reader.api.database
    reader.poll(accept)
    with database.transaction() as session:
        report(session, reader, held, open_at)
        session.flush()
        with database.transaction() as other:
            report(other, reader, quick, quick_at)
        assert reader.emails(accept) == sorted(quick)
        assert reader.emails(accept) == []
    assert reader.emails(accept) == sorted(held)
    assert reader.emails(accept) == []


def test_what_commits_later_is_later_whatever_instant_it_began_at(reader: Reader) -> None:
    database = reader.api.database
    for number, at in enumerate((NOW, NOW, NOW - MINUTE, NOW + MINUTE, NOW)):
        with database.transaction() as session:
            report(session, reader, SMALL, at, current_grade=float(number))
        assert [row["current_grade"] for row in reader.poll()] == [number]
        assert reader.poll() == []


def test_of_one_transaction_all_rows_are_later_than_what_is_committed(reader: Reader) -> None:
    """The first batch of a long import has an early stamp, the last a late one."""
    database = reader.api.database
    with database.transaction() as session:
        report(session, reader, SMALL, NOW)
    reader.poll()
    with database.transaction() as session:
        report(session, reader, LARGE[:3], NOW - MINUTE)
        report(session, reader, LARGE[3:6], NOW + MINUTE)
    assert reader.emails() == LARGE[:6]


def test_what_was_rolled_back_has_moved_nothing(reader: Reader) -> None:
    database = reader.api.database
    with database.transaction() as session:
        report(session, reader, SMALL, NOW)
    reader.poll()
    before = reader.cursor
    with database.transaction() as session:
        report(session, reader, LARGE, NOW + MINUTE)
        session.rollback()
    assert reader.poll() == []
    assert reader.cursor == before


def test_an_enterprise_of_which_nothing_was_reported_begins_at_the_beginning(
    reader: Reader,
) -> None:
    assert reader.poll() == []
    assert reader.cursor == "1970-01-01T00:00:00Z"
    with reader.api.database.transaction() as session:
        report(session, reader, SMALL, NOW)
    assert reader.emails() == SMALL


def enroll(session: Session, reader: Reader, email: str, at: datetime) -> None:
    people = lock_learners(session, reader.enterprise_uuid, [email], at)
    enrollment = NewEnrollment(
        reader.enterprise_uuid, people[email].id, RUN, Payer.LICENSE, license_uuid=UUID(int=1)
    )
    assert record_enrollments(session, ACTOR, [enrollment], at=at) == 1


def end(session: Session, reader: Reader, at: datetime) -> None:
    assert end_enrollments(
        session, ACTOR, reader.enterprise_uuid, license_uuids=[UUID(int=1)], at=at
    )


def declare_consent(session: Session, reader: Reader, at: datetime, *, consent: bool) -> None:
    declared = [DeclaredLearner(email=SMALL[0], consent=consent)]
    put_learners(session, ACTOR, reader.enterprise_uuid, declared, at=at)


def test_every_way_in_which_a_row_changes_follows_the_order_of_commits(reader: Reader) -> None:
    database = composed(str(reader.api.database.url.render_as_string(hide_password=False)))
    changes: list[Callable[[Session], object]] = [
        lambda session: enroll(session, reader, SMALL[0], NOW - MINUTE),
        lambda session: report(session, reader, SMALL, NOW - MINUTE),
        lambda session: declare_consent(session, reader, NOW - MINUTE, consent=False),
        lambda session: declare_consent(session, reader, NOW - MINUTE, consent=True),
        lambda session: end(session, reader, NOW - MINUTE),
    ]
    with database.transaction() as session:
        report(session, reader, LARGE, NOW)
    reader.poll()
    for number, change in enumerate(changes):
        with database.transaction() as session:
            change(session)
        assert len(reader.poll()) == 1, number
        assert reader.poll() == [], number
    database.dispose()


def test_without_consent_only_enrolling_ending_and_withdrawing_are_told(reader: Reader) -> None:
    """Also where the enrollment was long before it was reported."""
    database = reader.api.database
    day = datetime(2025, 1, 1, tzinfo=UTC)
    steps: list[tuple[dict[str, Any], bool]] = [
        ({"is_consent_granted": False, "enrolled_at": day}, True),
        ({"current_grade": 0.7, "has_passed": True}, False),
        ({"unenrolled_at": day + 9 * timedelta(days=1)}, True),
        ({"current_grade": 0.8}, False),
        ({"is_consent_granted": True}, True),
        ({"current_grade": 0.9}, True),
        ({"is_consent_granted": False}, True),
        ({"current_grade": 0.1, "last_activity_date": day.date()}, False),
    ]
    for number, (values, is_told) in enumerate(steps):
        with database.transaction() as session:
            report(session, reader, SMALL, NOW + number * MINUTE, **values)
        assert len(reader.poll()) == is_told, number


class Writers:
    """Several who report at the same time, each holding some transactions open across polls."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.polls = 0
        self.done = Event()

    def write(self, seed: int) -> None:
        dice = random.Random(seed)
        database = self.reader.api.database
        for number in range(12):
            at = clock.now() - dice.choice([0, 0, 1]) * timedelta(seconds=dice.random())
            with database.transaction() as session:
                emails = dice.sample([*LARGE, *SMALL], dice.choice([1, 1, 20]))
                grade = seed + number / 100
                report(session, self.reader, emails, at, current_grade=grade)
                if dice.random() < 0.4 and not database.is_sqlite:
                    self._hold(dice.choice([1, 2]))

    def _hold(self, polls: int) -> None:
        enough = self.polls + polls
        wait_until(lambda: self.polls >= enough, "the reader to poll")

    def read(self) -> None:
        while not self.done.is_set():
            self.reader.poll()
            self.polls += 1


def test_a_reader_ends_with_exactly_the_rows_whoever_writes(reader: Reader) -> None:
    writers = Writers(reader)

    def write_all() -> None:
        with ExitStack() as at_the_end:
            at_the_end.callback(writers.done.set)
            at_once([lambda seed=seed: writers.write(seed) for seed in range(1, 5)])  # type: ignore[misc]

    at_once([write_all, writers.read])
    reader.poll()
    fresh = Reader(reader.api, reader.enterprise_uuid)
    fresh.poll()
    assert reader.copy == fresh.copy
    assert len(fresh.copy) > len(LARGE) / 2
    assert reader.poll() == []
