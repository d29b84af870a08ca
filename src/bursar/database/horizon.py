"""Which transactions may still commit, so that nobody takes a gap in a sequence for an end."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, text

_ON_POSTGRESQL: Final = text(
    "SELECT pg_snapshot_xmin(found)::text::bigint, pg_snapshot_xmax(found)::text::bigint "
    "FROM pg_current_snapshot() AS found"
)


class Horizon(NamedTuple):
    """Of one instant. Transactions are numbered when they first write."""

    oldest: int
    """Every transaction with a lower number has ended."""
    next: int
    """No transaction has had this number yet, or a higher one."""


def horizon(connection: Connection) -> Horizon:
    """On SQLite, where one transaction writes at a time, nobody else is ever under way."""
    if connection.dialect.name == "sqlite":
        return Horizon(0, 0)
    return Horizon(*connection.execute(_ON_POSTGRESQL).one())
