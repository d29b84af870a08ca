"""Results too large to hold, read batch by batch, and how to stop a statement that runs."""

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
    """`first` rows, to have something to send soon, then `size` at a time: no more are in memory.

    The connection has to be in a snapshot.
    """
    if connection.dialect.name == "postgresql":
        # The plan that has its first rows soonest, for there are always first rows to send.
        connection.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 0.0001")
    # A cursor of the server on PostgreSQL. SQLite's driver steps through the rows anyway.
    options = {"stream_results": True, "max_row_buffer": size}
    with connection.execute(statement, parameters, execution_options=options) as result:
        rows = result.fetchmany(first)
        while rows:
            yield rows
            rows = result.fetchmany(size)


def interrupt(connection: Connection) -> None:
    """Ends the statement that another thread runs on the connection; harmless when none runs.

    It may come late and hit the next one: the connection must not be used again.
    """
    with suppress(SQLAlchemyError, psycopg.Error):
        raw: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            raw.interrupt()
        else:
            raw.cancel_safe(timeout=_CANCEL_SECONDS)
