"""DBOS's own tables, which it migrates itself."""

from bursar.database.engine import Database
from bursar.jobs.names import SCHEMA


def migrate_system_tables(database: Database) -> None:
    """Creates what is missing; two at once do it once. Workers and writers only check."""
    from dbos import DBOS  # noqa: PLC0415 - see JobQueue

    DBOS.migrate(database.url.render_as_string(hide_password=False), schema=SCHEMA)
