"""What is sent to a database, in the order in which it is sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from bursar.database.engine import Database


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """Both engines are listened to. Rows that go by COPY are not seen.

    The BEGIN IMMEDIATE of a transaction on SQLite is left out, because its counterpart on
    PostgreSQL is sent by the driver: so both databases have the same counts.
    """
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement != "BEGIN IMMEDIATE":
            seen.append(statement)

    engines = (database.read_engine, database.write_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
