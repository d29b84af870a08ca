"""A task tells of enrollments that the report calls failed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bursar import clock
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.enrollment.models import Enrollment
from bursar.events.models import EventRecord
from bursar.reporting import tasks
from bursar.settings import Settings
from testing.worlds.reporting import NOW, World, days_ago, learner, row
from tests.reporting.calling import Api

ANA, BEN = "ana@acme.example", "ben@acme.example"
RUN = "course-v1:edX+A+{}"


def world(database: Database, *rows: dict[str, Any]) -> World:
    return World(database).write([learner(ANA), learner(BEN)], [], rows)


def enrolled(number: int, ended: int, email: str = ANA, **fields: Any) -> dict[str, Any]:
    """In a run that ended so many days ago, or will."""
    return row(email, RUN.format(number), course_end=days_ago(ended), **fields)


def tell(database: Database, instant: datetime = NOW) -> int:
    with clock.frozen_at(instant):
        return tasks.tell_failed(database, Settings())["failed"]


def told(database: Database) -> Sequence[AnyRow]:
    table = EventRecord.__table__
    statement = select(table).where(table.c.type == "enrollment.failed").order_by(table.c.id)
    with database.read() as connection:
        return connection.execute(statement).all()


def test_from_the_day_after_the_end_on_once_with_the_row_of_the_report(database: Database) -> None:
    acme = world(database, enrolled(1, ended=0))
    assert tell(database) == 0
    tomorrow = NOW + timedelta(days=1)
    assert (tell(database, tomorrow), tell(database, tomorrow)) == (1, 0)
    (event,) = told(database)
    api = Api(database)
    api.admit(acme.uuid)
    (shown,) = api.page(acme.uuid)["results"]
    assert shown["progress_status"] == "In Progress"  # as of NOW
    assert event.data == shown | {"progress_status": "Failed"}
    assert (event.object_type, event.actor) == ("enrollment", "task:tell-failed-enrollments")


def test_only_those_whom_the_report_calls_failed(database: Database) -> None:
    world(
        database,
        enrolled(1, ended=1),
        enrolled(2, ended=1, has_passed=False),
        enrolled(3, ended=1, has_passed=True),
        enrolled(4, ended=1, unenrolled_at=NOW),
        enrolled(5, ended=1, consented=False),
        enrolled(6, ended=-1),
        enrolled(7, ended=30),
        enrolled(8, ended=31),
        row(BEN, RUN.format(9)),
    )
    assert tell(database) == 3
    assert [event.data["courserun_key"][-1] for event in told(database)] == ["1", "2", "7"]
    assert {event.data["progress_status"] for event in told(database)} == {"Failed"}


def test_the_end_may_be_that_of_the_content(database: Database) -> None:
    facts = {"run_key": RUN.format(1), "end_date": days_ago(3)}
    World(database).write([learner(ANA)], [facts], [row(ANA, RUN.format(1))])
    assert tell(database) == 1


def test_an_end_that_is_moved_is_another_end(database: Database) -> None:
    world(database, enrolled(1, ended=5))
    assert tell(database) == 1
    with database.transaction() as session:
        session.execute(update(Enrollment).values(course_end=days_ago(-5)))
    assert tell(database) == 0
    assert tell(database, NOW + timedelta(days=6)) == 1
    assert [event.version for event in told(database)] == [1, 2]


def test_many_are_told_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    world(database, *(enrolled(number, ended=1) for number in range(7)))
    batch = tasks._PAGE.limit(None).limit(3)
    monkeypatch.setattr(tasks, "BATCH", 3)
    monkeypatch.setattr(tasks, "_PAGE", batch)
    assert (tell(database), tell(database)) == (7, 0)
