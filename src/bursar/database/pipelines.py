"""Several writes in one round trip to PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from bursar.database.bulk import FEW
from bursar.database.engine import raising_as_sqlalchemy


@contextmanager
def in_one_go(session: Session, rows: int) -> Iterator[None]:
    """Sends the statements of the block to PostgreSQL without waiting for the answer to each.

    The block must not ask a statement for its rows or their number. An error is raised, as
    SQLAlchemy's, at the latest when the block ends. For more than a few rows this does nothing:
    waiting matters little then, and COPY cannot be pipelined. On SQLite it does nothing either,
    because nothing is sent.
    """
    connection = session.connection()
    if rows > FEW or connection.dialect.name == "sqlite":
        yield
        return
    raw: Any = connection.connection.driver_connection
    with raising_as_sqlalchemy(connection, "pipeline"), raw.pipeline():
        yield
