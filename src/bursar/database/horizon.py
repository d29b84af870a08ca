"""Which transactions may still commit, so that nobody takes a gap in a sequence for an end."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, text

_ON_POSTGRESQL: Final = text(
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, "
    "pg_current_xact_id()::text::bigint"
)


class Horizon(NamedTuple):
    """Of one instant. Transactions are numbered when they first write."""

    oldest: int
    """Every transaction with a lower number has ended."""
    own: int
    """The number of the transaction that asks. Whoever had a number before this one took its own
    has a lower one. `pg_snapshot_xmax` does not say so: it follows the highest number that has
    ended, and transactions with higher ones may be under way."""


def horizon(connection: Connection) -> Horizon:
    """On SQLite, where one transaction writes at a time, nobody else is ever under way."""
    if connection.dialect.name == "sqlite":
        return Horizon(0, 0)
    return Horizon(*connection.execute(_ON_POSTGRESQL).one())
