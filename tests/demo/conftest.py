"""The demo is prepared once for each database; every test gets a copy."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import pytest

from bursar import clock
from bursar.cli.demo import prepare_demo
from testing.databases.composed import composed
from testing.databases.lent import LentDatabase, LentFile
from testing.databases.migrated import migrate
from testing.databases.postgres import PostgresAddress

TEMPLATE: Final = "bursar_demo_template"
NOW: Final = datetime(2026, 11, 24, 13, 45, 12, tzinfo=UTC)


def prepare(url: str) -> None:
    migrate(url)
    database = composed(url)
    with clock.frozen_at(NOW):
        prepare_demo(database, NOW)
    database.dispose()


@pytest.fixture(scope="session")
def lent_file(tmp_path_factory: pytest.TempPathFactory) -> LentFile:
    template = tmp_path_factory.mktemp("demo") / "bursar.db"
    prepare(f"sqlite:///{template}")
    return LentFile(tmp_path_factory.mktemp("lent"), template)


@pytest.fixture(scope="session")
def lent_database(postgres: PostgresAddress) -> Iterator[LentDatabase]:
    postgres.ensure_template(TEMPLATE, prepare)
    with LentDatabase(postgres, TEMPLATE) as lent:
        yield lent


@pytest.fixture(autouse=True)
def at_the_time_of_the_demo() -> Iterator[None]:
    with clock.frozen_at(NOW):
        yield
