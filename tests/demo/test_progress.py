"""Acme's learners have been learning, and its report can show every kind of row."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from bursar.cli.demo import prepare_demo
from bursar.database.engine import Database
from bursar.demo.manifest import ENROLLMENTS, demo_manifest
from bursar.enrollment.checks import check_enrollments
from bursar.enrollment.commands import Payer
from bursar.enrollment.models import Enrollment
from tests.demo.conftest import NOW

ACME = UUID(demo_manifest(NOW)["enterprises"][0]["uuid"])
MONTH = (NOW - timedelta(days=30)).date()
WEEK = (NOW - timedelta(days=7)).date()


def everything(database: Database) -> list[Any]:
    statement = select(*Enrollment.__table__.c).order_by(Enrollment.id)
    with database.read() as connection:
        return list(connection.execute(statement))


@pytest.fixture
def rows(database: Database) -> list[Any]:
    """What was reported of Acme."""
    found = everything(database)
    return [row for row in found if row.enterprise_uuid == ACME and row.payer == Payer.REPORTED]


def test_two_thousand_enrollments_are_spread_over_learners_and_runs(rows: list[Any]) -> None:
    assert len(rows) == ENROLLMENTS["acme"] == 2_000
    assert len({row.learner_id for row in rows}) > 300
    assert len({row.courserun_key for row in rows}) > 200


def test_progress_is_of_every_kind(rows: list[Any]) -> None:
    days = [row.last_activity_date for row in rows if row.last_activity_date]
    kinds: dict[str, list[Any]] = {
        "passed": [row for row in rows if row.has_passed and row.passed_date and row.letter_grade],
        "under way": [row for row in rows if row.current_grade and not row.has_passed],
        "not begun": [row for row in rows if not row.last_activity_date and not row.unenrolled_at],
        "left": [row for row in rows if row.unenrolled_at],
        "active in the past week": [day for day in days if day >= WEEK],
        "not active for a month": [day for day in days if day < MONTH],
        "without consent": [row for row in rows if not row.is_consented],
    }
    assert {kind: len(found) > 50 for kind, found in kinds.items()} == dict.fromkeys(kinds, True)


def test_the_totals_of_the_report_hold(database: Database) -> None:
    with database.transaction() as session:
        assert list(check_enrollments(session)) == []


def test_a_later_start_adds_nothing(database: Database) -> None:
    before = everything(database)
    prepare_demo(database, NOW + timedelta(days=2))
    assert everything(database) == before
