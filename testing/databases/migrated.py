"""Databases with all tables, made once and copied."""

from pathlib import Path
from uuid import uuid4

from bursar.database.engine import Database
from bursar.database.migrate import upgrade
from bursar.jobs.system import migrate_system_tables
from bursar.schema import metadata
from testing.databases.postgres import PostgresAddress

TEMPLATE = "bursar_template"
assert metadata.tables


def migrate(url: str) -> None:
    database = Database(url)
    upgrade(database)
    migrate_system_tables(database)
    database.dispose()


def migrated_url(folder: Path, postgres: PostgresAddress | None) -> str:
    """Of a new, migrated database: a file in this folder, or one on that server."""
    if postgres is None:
        url = f"sqlite:///{folder / 'bursar.db'}"
        migrate(url)
        return url
    postgres.ensure_template(TEMPLATE, migrate)
    return postgres.create_database(f"c{uuid4().hex}", template=TEMPLATE)
