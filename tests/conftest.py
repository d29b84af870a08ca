"""Databases for the tests: the same suite on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bursar.database.engine import Database
from bursar.database.migrate import upgrade
from bursar.jobs.system import migrate_system_tables
from bursar.schema import metadata
from testing.lent_database import LentDatabase
from testing.postgres import PostgresAddress

pytest_plugins = ["testing.postgres_plugin"]

DIALECTS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
assert metadata.tables


def migrate(url: str) -> None:
    database = Database(url)
    upgrade(database)
    migrate_system_tables(database)
    database.dispose()


def fresh_url(dialect: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """Of a new, migrated database, for fixtures that keep one for longer than a test."""
    if dialect == "sqlite":
        url = f"sqlite:///{folder / 'bursar.db'}"
        migrate(url)
        return url
    address: PostgresAddress = request.getfixturevalue("postgres")
    address.ensure_template("bursar_template", migrate)
    return address.create_database(f"c{uuid4().hex}", template="bursar_template")


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "bursar.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def lent(request: pytest.FixtureRequest) -> Iterator[LentDatabase]:
    address: PostgresAddress = request.getfixturevalue("postgres")
    address.ensure_template("bursar_template", migrate)
    with LentDatabase(address, "bursar_template") as lent:
        yield lent


@pytest.fixture
def database_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty, migrated database of the test's own."""
    if dialect == "sqlite":
        path = tmp_path / "bursar.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    lent: LentDatabase = request.getfixturevalue("lent")
    yield lent.url
    lent.empty()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()
