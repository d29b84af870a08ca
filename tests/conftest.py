"""Databases for the tests: the same suite on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bursar.database.engine import Database
from bursar.database.migrate import upgrade
from bursar.jobs.system import migrate_system_tables
from bursar.schema import metadata
from tests.support.postgres import PostgresAddress

pytest_plugins = ["tests.support.postgres_plugin"]

DIALECTS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
assert metadata.tables


def migrate(url: str) -> None:
    database = Database(url)
    upgrade(database)
    migrate_system_tables(database)
    database.dispose()


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def database_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """An empty, migrated database of the test's own."""
    if dialect == "sqlite":
        url = f"sqlite:///{tmp_path / 'bursar.db'}"
        migrate(url)
        return url
    address: PostgresAddress = request.getfixturevalue("postgres")
    address.ensure_template("bursar_template", migrate)
    return address.create_database(f"t{uuid4().hex}", template="bursar_template")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()
