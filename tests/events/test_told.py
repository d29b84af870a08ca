"""What is told once only is marked in the transaction that tells it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest

from bursar.database.engine import Database
from bursar.events.told import Mark, forget_told, mark_told, untold
from bursar.events.windows import LOOKED_BACK, Ending, Notices
from testing.databases.statements import statements_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ENTERPRISE = uuid4()
ENDS = "thing.ends"


def mark(number: int, text: str = "once") -> Mark:
    return Mark(ENTERPRISE, UUID(int=number), text)


def tell(database: Database, *marks: Mark, event_type: str = ENDS) -> set[Mark]:
    with database.transaction() as session:
        return mark_told(session, event_type, marks, NOW)


def test_only_the_first_time_is_answered(database: Database) -> None:
    assert tell(database, mark(1), mark(2)) == {mark(1), mark(2)}
    assert tell(database, mark(2), mark(3), mark(3)) == {mark(3)}
    assert tell(database, mark(1, "another time")) == {mark(1, "another time")}
    assert tell(database, mark(1), event_type="thing.begins") == {mark(1)}
    with database.read() as connection:
        known = [mark(number) for number in (1, 2, 3, 4)]
        assert untold(connection, ENDS, known) == [mark(4)]


def test_what_is_undone_is_not_told(database: Database) -> None:
    with database.transaction() as session:
        mark_told(session, ENDS, [mark(1)], NOW)
        session.rollback()
    assert tell(database, mark(1)) == {mark(1)}


def test_of_two_at_once_one_tells(database: Database) -> None:
    together = Barrier(2)

    def race(_: int) -> set[Mark]:
        together.wait()
        return tell(database, *(mark(number) for number in range(200)))

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(race, range(2))
    assert sorted(map(len, (one, other))) == [0, 200]


def test_a_thousand_take_one_statement(database: Database) -> None:
    with statements_of(database) as seen:
        assert len(tell(database, *(mark(number) for number in range(1_000)))) == 1_000
    assert len([text for text in seen if "told_once" in text]) <= (
        1_000 if database.is_sqlite else 1
    )


def test_old_marks_are_forgotten_but_for_some(database: Database) -> None:
    tell(database, mark(1))
    tell(database, mark(1), event_type="thing.kept")
    assert forget_told(database, NOW, {"thing.kept"}) == 0
    assert forget_told(database, NOW + DAY, {"thing.kept"}) == 1
    assert tell(database, mark(1)) == {mark(1)}
    assert tell(database, mark(1), event_type="thing.kept") == set()


@pytest.mark.parametrize(
    ("before", "days"),
    [
        (31 * DAY, None),
        (30 * DAY, 30),
        (8 * DAY, 30),
        (7 * DAY, 7),
        (DAY / 1000, 7),
        (0 * DAY, 0),
        (DAY - LOOKED_BACK, 0),
        (-LOOKED_BACK, None),
    ],
)
def test_the_last_notice_that_is_due_is_told(
    database: Database, before: timedelta, days: int | None
) -> None:
    notices = Notices("thing.expiring", (30, 7), "thing.expired")
    thing = Ending(ENTERPRISE, UUID(int=1), NOW + before)
    with database.transaction() as session:
        told = notices.mark(session, [thing], NOW)
    assert told == ({} if days is None else {thing.object_uuid: days})
    with database.read() as connection:
        assert notices.untold(connection, [thing], NOW) == {}


def test_somebody_else_may_tell_the_end_itself(database: Database) -> None:
    notices = Notices("thing.expiring", (14,))
    things = [Ending(ENTERPRISE, UUID(int=days), NOW + days * DAY) for days in (0, 1, 14, 15)]
    with database.read() as connection:
        found = notices.untold(connection, things, NOW)
    assert found == {ENTERPRISE: [UUID(int=1), UUID(int=14)]}
