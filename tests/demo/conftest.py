"""The demo is prepared once for each database; every test gets a copy."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from bursar import clock
from bursar.cli.demo import prepare_demo
from testing.databases.composed import composed
from testing.databases.migrated import migrate
from testing.databases.postgres import PostgresAddress

NOW: Final = datetime(2026, 11, 24, 13, 45, 12, tzinfo=UTC)


def prepare(url: str) -> None:
    migrate(url)
    database = composed(url)
    with clock.frozen_at(NOW):
        prepare_demo(database, NOW)
    database.dispose()


@pytest.fixture(scope="session")
def sqlite_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "bursar.db"
    prepare(f"sqlite:///{path}")
    return path


@pytest.fixture
def database_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    if dialect == "sqlite":
        path = tmp_path / "bursar.db"
        shutil.copyfile(request.getfixturevalue("sqlite_demo"), path)
        yield f"sqlite:///{path}"
        return
    address: PostgresAddress = request.getfixturevalue("postgres")
    address.ensure_template("bursar_demo_template", prepare)
    name = f"d{uuid4().hex}"
    yield address.create_database(name, template="bursar_demo_template")
    address.drop_database(name)


@pytest.fixture(autouse=True)
def at_the_time_of_the_demo() -> Iterator[None]:
    with clock.frozen_at(NOW):
        yield
