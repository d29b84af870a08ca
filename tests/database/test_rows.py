from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, String, Uuid, select
from sqlalchemy.types import TypeEngine

from bursar.database.engine import Database
from bursar.database.rows import awaited_rows, given_rows, row_parameters
from bursar.database.types import Instant

TYPES: dict[str, TypeEngine[Any]] = {
    "uuid": Uuid(as_uuid=True),
    "name": String(),
    "number": BigInteger(),
    "at": Instant(),
}
AT = datetime(2026, 11, 24, 1, 2, 3, 4, UTC)


def test_rows_come_back_as_they_were_given(database: Database) -> None:
    rows: list[tuple[UUID, str | None, int | None, datetime | None]] = [
        (uuid4(), "quote ' and \" \\ ü 🎓", 2**62, AT),
        (uuid4(), None, None, None),
        (uuid4(), "", 0, AT),
    ]
    with database.transaction() as session:
        given = given_rows(session, TYPES, rows)
        found = {row.uuid: tuple(row) for row in session.execute(select(given))}
        awaited = select(awaited_rows(database.write_engine.dialect.name, TYPES))
        values = row_parameters(session, TYPES, rows)
        again = {row.uuid: tuple(row) for row in session.execute(awaited, values)}
    assert found == again == {row[0]: row for row in rows}


def test_no_rows_are_an_empty_table(database: Database) -> None:
    with database.transaction() as session:
        assert session.execute(select(given_rows(session, TYPES, []))).all() == []
        awaited = select(awaited_rows(database.write_engine.dialect.name, TYPES))
        assert session.execute(awaited, row_parameters(session, TYPES, [])).all() == []
