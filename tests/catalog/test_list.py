"""What the list of catalogs says of what closed last, and how it finds it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from bursar.catalog.catalogs.queries import catalogs_page
from bursar.database.engine import Database
from testing.databases.plugin import DIALECTS
from testing.worlds.catalog import ENTERPRISE, START, at, course, put, store

CLOSED = 4_000
"""With fewer, PostgreSQL finds them in the index however it is asked."""


def closed(name: str, day: str, **fields: Any) -> dict[str, Any]:
    run = {"key": f"course-v1:edX+{name}+1", "status": "published", "end": f"{day}T00:00:00Z"}
    return course(name, course_runs=[run], **fields)


def test_what_was_removed_does_not_count_as_closed(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"level_type": "x"})
        store(session, [closed(name, f"2026-0{name}-01", level_type="x") for name in "123"])
        store(session, [closed("3", "2026-03-01", level_type="y")], at(1))
    with database.read() as connection:
        (row,) = catalogs_page(connection, [ENTERPRISE], 0, 20, at(2))
    second = datetime(2026, 2, 1, tzinfo=UTC)
    assert (row.last_closed_at, row.last_of_all_closed_at) == (second, second)


@pytest.mark.parametrize("dialect", DIALECTS[1:], indirect=True)
def test_what_closed_last_is_the_first_of_an_index(database: Database) -> None:
    """Before PostgreSQL has statistics of the rows, as after every large import."""
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        store(session, [closed(str(number), "2026-01-01") for number in range(CLOSED)])
    plan = plan_of_the_list(database)
    assert "Index Scan Backward using ix_query_members_query_uuid_active_until" in plan
    assert "active_until DESC" not in plan  # nothing is sorted by it


def plan_of_the_list(database: Database) -> str:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    with database.read() as connection:
        event.listen(connection, "before_cursor_execute", note)
        catalogs_page(connection, [ENTERPRISE], 0, 20, START)
        statement, values = asked[0]
        explained = connection.exec_driver_sql(f"EXPLAIN {statement}", values)
        return "\n".join(explained.scalars())
