"""Who waits for a lock, on PostgreSQL."""

from sqlalchemy import text

from bursar.database.engine import Database

_WAITING = text(
    "SELECT 1 FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock' LIMIT 1"
)


def somebody_waits(database: Database) -> bool:
    """Whether a transaction of this database waits for a lock of another."""
    with database.read() as connection:
        return connection.execute(_WAITING).first() is not None
