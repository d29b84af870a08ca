"""Few rows and many go different ways on PostgreSQL, and nobody may be able to tell."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bursar.clock import NEVER
from bursar.database.bulk import FEW, bulk_insert, found_by_each
from bursar.database.engine import Database
from bursar.database.pipelines import in_one_go
from bursar.enrollment.models import Enrollment
from bursar.identity.models import Enterprise
from bursar.learners.models import Learner
from tests.database.test_engine import count, enterprise

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
ODD_TEXT = "tab\tnew\nline\\N \"quoted\" 'too' \\u0041 Ünïcode \U0001f600"
numbers = pytest.mark.parametrize("number", [1, FEW, FEW + 1])

_learners = Learner.__table__.c


def learner(owner: UUID, email: str) -> dict[str, Any]:
    plain = dict.fromkeys(("lms_user_id", "username", "sso_uid", "country"))
    return {
        **plain, "enterprise_uuid": owner, "email": email, "consent": True, "created_at": NOW,
        "modified_at": NOW,
    }  # fmt: skip


def enrollment(owner: UUID, learner_id: int, number: int) -> dict[str, Any]:
    return {
        "enterprise_uuid": owner, "learner_id": learner_id, "courserun_key": f"run{number}",
        "mode": "verified", "payer": "reported", "license_uuid": None, "enrolled_at": None,
        "unenrolled_at": NEVER, "created_at": NOW, "changed_at": NOW, "is_consented": True,
        "activity_day": 739_000, "is_consent_granted": False, "amount_learner_paid": 0.1 + 0.2,
        "course_duration": 2**63 - 1, "course_end": date(9999, 12, 31), "current_grade": 1e-9,
        "course_start": date(1, 1, 1), "course_title": ODD_TEXT, "has_passed": None,
        "letter_grade": "",
    }  # fmt: skip


def furnished(session: Session, emails: list[str]) -> tuple[UUID, list[int]]:
    owner = uuid4()
    bulk_insert(session, Enterprise, [enterprise("acme", uuid=owner)])
    bulk_insert(session, Learner, [learner(owner, email) for email in emails])
    return owner, list(session.scalars(select(Learner.id).order_by(Learner.id)))


@numbers
def test_every_kind_of_column_arrives_as_it_was(database: Database, number: int) -> None:
    with database.transaction() as session:
        owner, (learner_id,) = furnished(session, ["a@acme.example"])
        rows = [enrollment(owner, learner_id, place) for place in range(number)]
        bulk_insert(session, Enrollment, rows)
    with database.read() as connection:
        stored = connection.execute(select(Enrollment.__table__)).mappings().all()
    by_run = {row["courserun_key"]: {name: row[name] for name in rows[0]} for row in stored}
    assert by_run == {row["courserun_key"]: row for row in rows}


@numbers
def test_a_row_that_is_there_is_an_integrity_error(database: Database, number: int) -> None:
    rows = [enterprise(f"e{place}") for place in range(number)]
    with database.transaction() as session:
        bulk_insert(session, Enterprise, rows[:1])
    with pytest.raises(IntegrityError), database.transaction() as session:
        bulk_insert(session, Enterprise, rows)
    with database.read() as connection:
        assert count(connection) == 1


@numbers
def test_what_goes_in_one_go_is_written(database: Database, number: int) -> None:
    with database.transaction() as session, in_one_go(session, number):
        bulk_insert(session, Enterprise, [enterprise(f"a{place}") for place in range(number)])
        bulk_insert(session, Enterprise, [enterprise(f"b{place}") for place in range(number)])
    with database.read() as connection:
        assert count(connection) == 2 * number


@numbers
def test_what_fails_in_one_go_leaves_nothing_behind(database: Database, number: int) -> None:
    rows = [enterprise(f"e{place}") for place in range(number)]

    def write() -> None:
        with database.transaction() as session, in_one_go(session, number):
            bulk_insert(session, Enterprise, rows)
            bulk_insert(session, Enterprise, rows[-1:])
            bulk_insert(session, Enterprise, [enterprise("after")])

    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        write()
    with database.read() as connection:
        assert count(connection) == 0


def test_each_of_the_values_is_found_once(database: Database) -> None:
    emails = [f"l{place}@acme.example" for place in range(300)]
    conditions = (_learners.id > bindparam("beyond", type_=BigInteger()),)
    with database.transaction() as session:
        _, ids = furnished(session, emails)
        dialect = database.write_engine.dialect.name
        statement = found_by_each(
            dialect, (_learners.id, _learners.email), conditions, _learners.email, "emails"
        )
        wanted = [*emails[::3], "nobody@acme.example"]
        values = {"emails": wanted, "beyond": ids[0]}
        rows = session.connection().execute(statement, values).all()
        assert sorted(row.email for row in rows) == sorted(emails[3::3])
        assert {row.id for row in rows} <= set(ids)
