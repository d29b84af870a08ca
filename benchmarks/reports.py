"""Enrollments to report on, stored by the services that declare learners and take reports."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.database.engine import Database
from bursar.enrollment.commands import ReportSource
from bursar.enrollment.progress.reported_rows import parse_object
from bursar.enrollment.progress.service import store_reported
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import put_learners
from testing.worlds import declared

RUNS_EACH: Final = 10
DAYS: Final = 300
"""On how many days the last activity of some learner was."""
_BATCH: Final = 1_000
"""Learners of one transaction."""
_ACTOR: Final = Actor("benchmark")
_NAMESPACE: Final = UUID("7a1d3c52-0b1e-4a53-8a52-3d9a0c5f6e71")


def create_report(
    database: Database, client_id: str, name: str, rows: int = 0, runs: Sequence[str] = ()
) -> UUID:
    """An enterprise of the client's with so many enrollments, ten of each learner."""
    enterprise = uuid5(_NAMESPACE, name)
    manifest = declared.enterprise(enterprise, name, client_id)
    declared.declare(database, {"enterprises": [manifest]})
    now = clock.now()
    for numbers in batched(range(1, rows // RUNS_EACH + 1), _BATCH):
        learners = [_learner(number) for number in numbers]
        reported = [
            parse_object(row)
            for number in numbers
            for row in _enrollments(number, runs[:RUNS_EACH], now)
        ]
        with database.transaction() as session:
            put_learners(session, _ACTOR, enterprise, learners, at=now)
            store_reported(session, _ACTOR, enterprise, reported, source=ReportSource.LMS, at=now)
    return enterprise


def _learner(number: int) -> DeclaredLearner:
    """Every tenth shares nothing."""
    return DeclaredLearner(
        email=_email(number),
        lms_user_id=number,
        username=f"learner{number}",
        country="US",
        consent=number % 10 != 0,
    )


def _enrollments(number: int, runs: Sequence[str], now: datetime) -> Iterator[dict[str, Any]]:
    has_passed = number % 3 == 0
    for place, run in enumerate(runs):
        day = now.date() - timedelta(days=(number * 7 + place) % DAYS)
        yield {
            "learner_email": _email(number),
            "courserun_key": run,
            "enrollment_date": now.date().isoformat(),
            "last_activity_date": day.isoformat(),
            "current_grade": number % 100 / 100,
            "has_passed": has_passed,
            **({"letter_grade": "B"} if has_passed else {}),
        }


def _email(number: int) -> str:
    return f"learner{number}@example.com"


def tidy(database: Database) -> None:
    with database.read() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE learners, enrollments, enrollment_days")
        # Or PostgreSQL writes a million rows to disk while the first pages are measured.
        connection.exec_driver_sql("CHECKPOINT")
