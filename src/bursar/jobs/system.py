"""The tables of DBOS, which DBOS migrates itself."""

from bursar.database.engine import Database
from bursar.jobs.names import SCHEMA


def migrate_system_tables(database: Database) -> None:
    """Creates the missing tables. Of two processes at once, only one does. Workers and web
    processes only check them."""
    from dbos import DBOS  # noqa: PLC0415 - see JobQueue

    DBOS.migrate(database.url.render_as_string(hide_password=False), schema=SCHEMA)
