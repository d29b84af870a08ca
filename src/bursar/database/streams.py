"""Reads results that are too large for memory in batches, and stops statements that run."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Select
from sqlalchemy.exc import SQLAlchemyError

from bursar.database.types import AnyRow

_CANCEL_SECONDS: Final = 5.0


def batches(
    connection: Connection,
    statement: Select[Any],
    parameters: Mapping[str, Any],
    *,
    first: int,
    size: int,
) -> Iterator[Sequence[AnyRow]]:
    """Yields `first` rows, so that something can be sent soon, and then `size` rows at a time.

    No more than one batch is in memory. The connection must be in a snapshot.
    """
    if connection.dialect.name == "postgresql":
        # PostgreSQL then chooses the plan that returns its first rows soonest, so that sending can
        # begin.
        connection.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 0.0001")
    # On PostgreSQL this is a server-side cursor. SQLite's driver reads rows one by one anyway.
    options = {"stream_results": True, "max_row_buffer": size}
    with connection.execute(statement, parameters, execution_options=options) as result:
        rows = result.fetchmany(first)
        while rows:
            yield rows
            rows = result.fetchmany(size)


def interrupt(connection: Connection) -> None:
    """Stops the statement that another thread runs on the connection, if any.

    It may arrive late and stop the next statement, so the connection must not be used again.
    """
    with suppress(SQLAlchemyError, psycopg.Error):
        raw: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            raw.interrupt()
        else:
            raw.cancel_safe(timeout=_CANCEL_SECONDS)
