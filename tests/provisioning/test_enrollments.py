"""Progress in manifests: stored, counted, refused and written out."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from bursar.actors import Actor
from bursar.cli.declare import apply_to
from bursar.database.engine import Database
from bursar.enrollment.checks import check_enrollments
from bursar.enrollment.commands import NewEnrollment, Payer, ReportSource
from bursar.enrollment.models import Enrollment
from bursar.enrollment.progress.reported_rows import FIELDS, parse_object
from bursar.enrollment.progress.service import store_reported
from bursar.enrollment.service import record_enrollments
from bursar.events.models import EventRecord
from bursar.learners.models import Learner
from bursar.learners.service import ensure_learners
from bursar.provisioning.apply import apply
from bursar.provisioning.export import export, to_yaml
from bursar.provisioning.manifest import ManifestError, from_data
from bursar.provisioning.plan import Plan
from bursar.provisioning.reading import parse_data

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 2, tzinfo=UTC)
ACTOR = Actor("bursar apply")
ACME = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"
TRANSACTION = UUID("00000000-0000-4000-8000-000000000009")
ANA = "ana@acme.example"
RUN = "course-v1:edX+DemoX+1T2026"
OTHER_RUN = "course-v1:edX+DemoX+2T2026"
EVERYTHING: dict[str, Any] = {
    "learner_email": ANA,
    "courserun_key": RUN,
    "is_consent_granted": True,
    "amount_learner_paid": 149.5,
    "contract_id": "NO",
    "coupon_code": "0123",
    "coupon_name": "2026-01-01",
    "course_duration": 6,
    "course_end": "2026-06-01",
    "course_key": "edX+DemoX",
    "course_list_price": 0.0,
    "course_max_effort": 4,
    "course_min_effort": 2,
    "course_pacing_type": "self_paced",
    "course_primary_program": "",
    "course_primary_subject": "Art: “nouveau”",
    "course_start": "2026-01-01",
    "course_title": "Demo\u2028X",
    "current_grade": 0.82,
    "enrollment_date": "2026-02-01",
    "has_passed": False,
    "is_refunded": True,
    "last_activity_date": "2026-02-27",
    "letter_grade": "B",
    "offer_name": "An offer",
    "offer_type": "A type",
    "paid_by": "Enterprise",
    "passed_date": "2026-02-20",
    "seat_delivery_method": "Subscription",
    "unenrollment_date": "2026-02-28",
    "user_current_enrollment_mode": "audit",
}

Values = dict[str, Any]


def row(**fields: Any) -> Values:
    return {"learner_email": ANA, "courserun_key": RUN} | fields


def other(**fields: Any) -> Values:
    return row(courserun_key=OTHER_RUN) | fields


def acme(*rows: Values, **parts: Any) -> Values:
    return {"uuid": ACME, "name": "Acme", "slug": "acme", "enrollments": list(rows)} | parts


def applied(database: Database, *enterprises: Values, now: datetime = NOW) -> Plan:
    with database.transaction() as session:
        plan = apply(session, ACTOR, [from_data({"enterprises": list(enterprises)})], now=now)
    with database.transaction() as session:
        assert list(check_enrollments(session)) == []
    return plan


def stored(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(*Enrollment.__table__.c).order_by(Enrollment.id)))


def exported(database: Database) -> list[Values]:
    with database.transaction() as session:
        rows: list[Values] = export(session, UUID(ACME))["enterprises"][0]["enrollments"]
    return rows


def enrolled_by_credit(database: Database) -> None:
    with database.transaction() as session:
        learner = ensure_learners(session, UUID(ACME), [ANA], NOW)[ANA]
        paid = NewEnrollment(
            UUID(ACME), learner.id, RUN, Payer.CREDIT, transaction_uuid=TRANSACTION
        )
        record_enrollments(session, ACTOR, [paid], at=NOW)


def test_each_row_counts_once_and_a_second_run_changes_nothing(database: Database) -> None:
    manifest = acme(
        row(current_grade=0.5), {"user_email": "Ben@acme.example", "courserun_key": RUN}
    )

    first = applied(database, manifest)
    second = applied(database, manifest, now=LATER)

    assert first.summary == "3 created, 0 changed, 0 unchanged"
    assert first.lines[1:] == ["+ enrollments of acme: 2 created, 0 changed, 0 unchanged"]
    assert second.summary == "0 created, 0 changed, 3 unchanged"
    assert {each.changed_at for each in stored(database)} == {NOW}


def test_an_absent_key_leaves_alone_what_is_stored_and_a_null_sets_null(database: Database) -> None:
    applied(database, acme(row(current_grade=0.5, letter_grade="C")))

    plan = applied(database, acme(row(current_grade=0.7)))
    applied(database, acme(row(letter_grade=None)))

    assert plan.changed == 1
    (found,) = stored(database)
    assert (found.current_grade, found.letter_grade) == (0.7, None)


def test_a_learner_nobody_declares_is_made_without_an_account(database: Database) -> None:
    applied(database, acme(row(learner_email=" Ana@ACME.example ")))

    with database.read() as connection:
        (learner,) = connection.execute(select(*Learner.__table__.c))
    assert (learner.email, learner.lms_user_id, learner.consent) == (ANA, None, False)


def test_what_may_be_seen_follows_the_consent_that_is_declared(database: Database) -> None:
    def learners(*, consent: bool) -> Values:
        return {"learners": [{"email": ANA, "consent": consent}]}

    rows = [
        row(last_activity_date="2026-02-27"),
        row(courserun_key=OTHER_RUN, is_consent_granted=True),
    ]
    applied(database, acme(*rows, **learners(consent=True)))
    assert [each.is_consented for each in stored(database)] == [True, True]

    applied(database, acme(**learners(consent=False)), now=LATER)

    withdrawn, own = stored(database)
    assert (withdrawn.is_consented, withdrawn.activity_day) == (False, 0)
    assert not own.is_consented
    applied(database, acme(**learners(consent=True)))
    again = stored(database)[0]
    assert again.activity_day == date(2026, 2, 27).toordinal()


def test_a_rehearsal_keeps_nothing(database: Database) -> None:
    manifest = from_data({"enterprises": [acme(row(current_grade=0.5))]})

    plan = apply_to(database, [manifest], dry_run=True)

    assert plan.summary == "2 created, 0 changed, 0 unchanged"
    assert stored(database) == []
    assert applied(database, acme(row(current_grade=0.5))).created == 2


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (other(current_grade="0.5"), [".current_grade: A valid number is required."]),
        (other(current_grade=-1), [".current_grade: Ensure this value is greater than or equal"]),
        (other(current_grade=float("nan")), [".current_grade: must be a finite number"]),
        (other(course_title="\ud800"), [".course_title: must be valid Unicode text without NUL"]),
        (other(passed_date="soon"), [".passed_date: Must be a date, YYYY-MM-DD."]),
        (other(progress_status="Passed"), [".progress_status: unknown key"]),
        (other(learner_email="ana"), [".learner_email: "]),
        ({"has_passed": 1}, [".learner_email: ", ".courserun_key: ", ".has_passed: "]),
        ("ana", [": must be a mapping of keys to values"]),
        (row(), [": already used at enterprises[0].enrollments[0]"]),
        (row(courserun_key=f" {RUN}"), [": already used at enterprises[0].enrollments[0]"]),
    ],
)
def test_what_is_wrong_with_a_row_is_named_with_its_path(wrong: Any, expected: list[str]) -> None:
    with pytest.raises(ManifestError) as caught:
        from_data({"enterprises": [acme(row(), wrong)]})

    problems = caught.value.problems
    assert len(problems) == len(expected)
    for problem, beginning in zip(problems, expected, strict=True):
        assert problem.startswith(f"enterprises[0].enrollments[1]{beginning}")


def test_an_export_holds_what_was_reported_and_applied_again_changes_nothing(
    database: Database,
) -> None:
    assert EVERYTHING.keys() == FIELDS.keys() | {"learner_email", "courserun_key"}
    bare = row(courserun_key=OTHER_RUN)
    applied(database, acme(EVERYTHING, bare))

    assert exported(database) == [EVERYTHING, bare]
    with database.transaction() as session:
        again = parse_data(to_yaml(export(session, UUID(ACME))))
    with database.transaction() as session:
        plan = apply(session, ACTOR, [from_data(again)], now=LATER)
    assert plan.summary == "0 created, 0 changed, 4 unchanged"


def test_of_an_enrollment_that_bursar_made_only_what_was_reported_is_written(
    database: Database,
) -> None:
    applied(database, acme())
    enrolled_by_credit(database)
    assert exported(database) == []

    with database.transaction() as session:
        reported = parse_object(row(current_grade=0.5, enrollment_date="2026-02-01"))
        store_reported(session, ACTOR, UUID(ACME), [reported], source=ReportSource.API, at=LATER)

    assert exported(database) == [row(current_grade=0.5)]
    assert applied(database, acme(*exported(database))).changed == 0


def test_each_consent_is_in_the_log_with_its_source(database: Database) -> None:
    applied(database, acme(row(is_consent_granted=True)))
    said = {"is_consent_granted": False, "current_grade": 0.5}
    with database.transaction() as session:
        reported = [parse_object(row(**said)), parse_object(row(learner_email="ben@acme.example"))]
        store_reported(session, ACTOR, UUID(ACME), reported, source=ReportSource.API, at=LATER)
    events = EventRecord.__table__.c
    statement = (
        select(events.changes, events.data)
        .where(events.type == "enrollments.reported")
        .order_by(events.id)
    )
    with database.read() as connection:
        (given, given_data), (taken, taken_data) = connection.execute(statement)
    enrollment = stored(database)[0]
    named = {"learner_id": enrollment.learner_id, "courserun_key": enrollment.courserun_key}
    assert given["source"] == [None, "manifest"]
    assert given["consents_given"] == taken["consents_withdrawn"] == [None, 1]
    assert taken["source"] == [None, "api"]
    assert given_data == {"given": [named], "withdrawn": []}
    assert taken_data == {"given": [], "withdrawn": [named]}
    assert not enrollment.is_consented
    assert _problems(database) == []


def test_a_clients_word_opens_nothing_and_the_check_agrees(database: Database) -> None:
    applied(database, acme())
    with database.transaction() as session:
        reported = [parse_object(row(is_consent_granted=True))]
        store_reported(session, ACTOR, UUID(ACME), reported, source=ReportSource.API, at=LATER)
    assert [each.is_consented for each in stored(database)] == [False]
    assert _problems(database) == []
    applied(database, acme(row(is_consent_granted=True)))
    assert [each.is_consented for each in stored(database)] == [True]
    assert _problems(database) == []


def _problems(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(check_enrollments(session))
