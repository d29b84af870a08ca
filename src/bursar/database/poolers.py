"""Connection poolers such as pgbouncer, which give each transaction another server connection."""

from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

POOLED: Final = (
    "leads to a connection pooler such as pgbouncer. Web processes can work with one: set"
    " BURSAR_DIRECT_DATABASE_URL to the database itself, which workers and commands then use."
)
NOT_UTC: Final = (
    "leads to sessions in another time zone than UTC. A pooler cannot be told the time zone by"
    " Bursar: run ALTER ROLE ... SET timezone TO 'UTC' for the role of the URL."
)
_REFUSED: Final = "unsupported startup parameter"
"""What pgbouncer says to the settings that Bursar begins a session with."""


def refuses_sessions(error: DBAPIError) -> bool:
    """Whether a pooler refused to open a connection as Bursar opens one to the database."""
    return _REFUSED in str(error.orig)


def is_pooled(connection: Connection) -> bool:
    """Whether something stands between this connection and the server of PostgreSQL.

    A pooler tells its clients a process number of its own, because theirs changes.
    """
    if connection.dialect.name == "sqlite":
        return False
    raw: Any = connection.connection.driver_connection
    number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    return bool(raw.info.backend_pid != number)


def is_in_utc(connection: Connection) -> bool:
    zone = connection.exec_driver_sql("SELECT current_setting('TimeZone')").scalar()
    return zone in {"UTC", "Etc/UTC", "GMT"}
