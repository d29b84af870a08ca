"""Writes that nobody waits for one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from bursar.database.bulk import FEW
from bursar.database.engine import raising_as_sqlalchemy


@contextmanager
def in_one_go(session: Session, rows: int) -> Iterator[None]:
    """Statements of the block go to PostgreSQL without waiting for what it says to each.

    They must not be asked for rows or their number. An error of any comes out at the latest when
    the block ends, as SQLAlchemy's. Nothing changes for more than a few rows, where the waiting
    counts for little and COPY cannot be done so, nor on SQLite, where nothing is sent.
    """
    connection = session.connection()
    if rows > FEW or connection.dialect.name == "sqlite":
        yield
        return
    raw: Any = connection.connection.driver_connection
    with raising_as_sqlalchemy(connection, "pipeline"), raw.pipeline():
        yield
