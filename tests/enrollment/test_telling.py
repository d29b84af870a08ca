"""What the log says of enrollments: the row of the learner summary, as its endpoint shows it."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.enrollment.commands import NewEnrollment, Payer, ReportSource
from bursar.enrollment.progress.reported_rows import parse_object
from bursar.enrollment.progress.service import store_reported
from bursar.enrollment.service import end_enrollments, record_enrollments
from bursar.enrollment.telling import PRESENTER_KEY
from bursar.events.models import EventRecord
from bursar.identity.service import DeclaredEnterprise, put_enterprise
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import find_learners, put_learners
from bursar.reporting.redaction import BLANKED
from testing.databases.statements import statements_of
from testing.worlds.reporting import NOW
from tests.reporting.calling import Api

ACME = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
ACTOR = Actor("test", "request-1")
LATER = NOW + timedelta(hours=1)
RUN = "course-v1:edX+A+1"
ANA, BEN = "ana@acme.example", "ben@acme.example"
"""Ana has consented, Ben has not."""


@pytest.fixture
def acme(database: Database) -> Database:
    with database.transaction() as session:
        declared = DeclaredEnterprise(uuid=ACME, name="Acme", slug="acme")
        put_enterprise(session, ACTOR, declared, at=NOW)
        people = [
            DeclaredLearner(email=ANA, lms_user_id=501, username="ana", country="ES", consent=True),
            DeclaredLearner(email=BEN, lms_user_id=502, username="ben", country="FR"),
        ]
        put_learners(session, ACTOR, ACME, people, at=NOW)
    return database


def enroll(acme: Database, *emails: str, at: datetime = NOW) -> None:
    with acme.transaction() as session:
        learners = find_learners(session, ACME, emails)
        enrollments = [
            NewEnrollment(ACME, learners[email].id, RUN, Payer.LICENSE, license_uuid=UUID(int=n))
            for n, email in enumerate(emails)
        ]
        record_enrollments(session, ACTOR, enrollments, at=at)


def report(
    acme: Database,
    *rows: dict[str, Any],
    source: ReportSource = ReportSource.API,
    at: datetime = LATER,
) -> None:
    with acme.transaction() as session:
        parsed = [parse_object({"courserun_key": RUN, **row}) for row in rows]
        store_reported(session, ACTOR, ACME, parsed, source=source, at=at)


def told(acme: Database) -> Sequence[AnyRow]:
    table = EventRecord.__table__
    statement = select(table).where(table.c.object_type == "enrollment").order_by(table.c.id)
    with acme.read() as connection:
        return connection.execute(statement).all()


def types(acme: Database) -> list[str]:
    return [event.type for event in told(acme)]


def summaries(acme: Database) -> list[dict[str, Any]]:
    """As the endpoint answers now."""
    api = Api(acme)
    api.admit(ACME)
    rows: list[dict[str, Any]] = api.page(ACME)["results"]
    return rows


def test_data_are_the_row_that_the_endpoint_answers(acme: Database) -> None:
    enroll(acme, ANA, BEN)
    shown = {row["enrollment_id"]: row for row in summaries(acme)}
    created = told(acme)
    assert {event.type for event in created} == {"enrollment.created"}
    assert {int(event.object_id): event.data for event in created} == shown
    ana, ben = (
        next(event.data for event in created if event.data["is_consent_granted"] is consents)
        for consents in (True, False)
    )
    assert (ana["user_email"], ana["user_username"]) == (ANA, "ana")
    assert {ben[name] for name in BLANKED} == {None}
    assert BEN not in json.dumps([event.data for event in created])


def test_data_are_what_was_true_at_that_moment(acme: Database) -> None:
    enroll(acme, ANA)
    report(acme, {"learner_email": ANA, "current_grade": 0.5})
    report(acme, {"learner_email": ANA, "current_grade": 0.9, "has_passed": True})
    with acme.transaction() as session:
        end_enrollments(session, ACTOR, ACME, license_uuids=[UUID(int=0)], at=LATER)
    events = told(acme)
    assert [event.type.partition(".")[2] for event in events] == [
        "created",
        "progressed",
        "passed",
        "ended",
    ]
    assert [event.version for event in events] == [1, 2, 3, 4]
    assert [event.data["current_grade"] for event in events] == [None, 0.5, 0.9, 0.9]
    assert [event.data["progress_status"] for event in events] == [
        "In Progress",
        "In Progress",
        "Passed",
        "Passed",
    ]
    assert [bool(event.data["unenrollment_date"]) for event in events] == [False] * 3 + [True]
    assert events[1].changes == {"current_grade": [None, 0.5]}


def test_without_consent_nothing_is_told_of_progress(acme: Database) -> None:
    enroll(acme, BEN)
    report(acme, {"learner_email": BEN, "current_grade": 0.5})
    report(acme, {"learner_email": BEN, "has_passed": True, "passed_date": "2026-01-02"})
    assert types(acme) == ["enrollment.created"]
    report(acme, {"learner_email": ANA, "current_grade": 0.5, "is_consent_granted": False})
    report(acme, {"learner_email": ANA, "current_grade": 0.6})
    assert types(acme) == ["enrollment.created"] * 2


def test_what_is_no_progress_is_no_event_of_it(acme: Database) -> None:
    enroll(acme, ANA)
    report(acme, {"learner_email": ANA, "coupon_code": "X", "course_title": "Another"})
    report(acme, {"learner_email": ANA, "current_grade": 0.5})
    report(acme, {"learner_email": ANA, "current_grade": 0.5})
    assert types(acme) == ["enrollment.created", "enrollment.progressed"]


def test_a_report_begins_ends_and_resumes_enrollments(acme: Database) -> None:
    report(acme, {"learner_email": ANA, "has_passed": True, "unenrollment_date": "2026-01-02"})
    assert types(acme) == ["enrollment.created", "enrollment.passed", "enrollment.ended"]
    report(acme, {"learner_email": ANA, "unenrollment_date": "2026-01-03"})
    report(acme, {"learner_email": ANA, "unenrollment_date": None})
    events = told(acme)
    assert [event.type for event in events[3:]] == ["enrollment.created"]
    assert [event.version for event in events] == [1, 2, 3, 4]
    assert events[3].changes == {"unenrollment_date": ["2026-01-03", None]}
    assert events[3].data["progress_status"] == "Passed"


def test_what_a_file_brings_in_is_no_event_and_what_it_changes_is(acme: Database) -> None:
    row = {"learner_email": ANA, "is_consent_granted": True, "current_grade": 0.5}
    for source in (ReportSource.IMPORT, ReportSource.MANIFEST):
        report(acme, row, source=source)
    assert types(acme) == []
    report(acme, row | {"has_passed": True}, source=ReportSource.IMPORT)
    assert types(acme) == ["enrollment.passed"]


def test_many_are_told_with_a_constant_number_of_statements(acme: Database) -> None:
    def rows(number: int, grade: float) -> list[dict[str, Any]]:
        emails = [f"l{each}@acme.example" for each in range(number)]
        with acme.transaction() as session:
            people = [DeclaredLearner(email=email, consent=True) for email in emails]
            put_learners(session, ACTOR, ACME, people, at=NOW)
        return [{"learner_email": email, "current_grade": grade} for email in emails]

    few, many = rows(60, 0.5), rows(300, 0.6)
    with statements_of(acme) as seen:
        report(acme, *few)
        first = len(seen)
    with statements_of(acme) as seen:
        report(acme, *many)
        # 60 are changed now, and 240 are new: both kinds are written.
        assert len(seen) <= first + 3
    assert types(acme).count("enrollment.progressed") == 360


def test_a_session_that_does_not_know_what_may_be_shown_is_a_defect(acme: Database) -> None:
    del acme.info[PRESENTER_KEY]
    with pytest.raises(RuntimeError, match="composition"):
        enroll(acme, ANA)
    assert told(acme) == []
