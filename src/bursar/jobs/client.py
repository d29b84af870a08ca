"""The part of DBOS that enqueues jobs and looks at them, and runs none."""

from typing import TYPE_CHECKING

from bursar.database.engine import Database
from bursar.jobs.names import APPLICATION, SCHEMA

if TYPE_CHECKING:
    from dbos import DBOSClient


def client_of(database: Database) -> "DBOSClient":
    """It uses the connections of the database, so there is nothing to close."""
    # DBOS takes memory and time to import, and most processes need no job.
    from dbos import DBOSClient, DBOSPortableJSONSerializer  # noqa: PLC0415

    return DBOSClient(
        system_database_engine=database.write_engine,
        dbos_system_schema=SCHEMA,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        lazy=True,
    )
