"""Databases with all tables, made once and copied."""

import atexit
from functools import cache
from pathlib import Path
from shutil import copy, rmtree
from tempfile import mkdtemp
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


@cache
def migrated_file() -> Path:
    """On SQLite; it lasts as long as the process."""
    folder = Path(mkdtemp(prefix="bursar-template-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    file = folder / "bursar.db"
    migrate(f"sqlite:///{file}")
    return file


def ensure_migrated(url: str) -> None:
    """As `migrate`; a file that is not there yet is a copy."""
    file = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite") or file.exists():
        return migrate(url)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Both with their permissions: what others can read would be told of.
    copy(migrated_file(), file)
    return None


def migrated_url(folder: Path, postgres: PostgresAddress | None) -> str:
    """Of a new, migrated database: a file in this folder, or one on that server."""
    if postgres is None:
        url = f"sqlite:///{folder / 'bursar.db'}"
        ensure_migrated(url)
        return url
    postgres.ensure_template(TEMPLATE, migrate)
    return postgres.create_database(f"c{uuid4().hex}", template=TEMPLATE)


def copied_url(url: str, folder: Path, postgres: PostgresAddress | None) -> str:
    """Of a copy of a database to which nobody is connected: a file in this folder, or one on that
    server."""
    if postgres is None:
        file = folder / "bursar.db"
        copy(url.removeprefix("sqlite:///"), file)
        return f"sqlite:///{file}"
    return postgres.create_database(f"c{uuid4().hex}", template=url.rpartition("/")[2])
