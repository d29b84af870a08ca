"""Databases for the tests: the same suite on SQLite and on PostgreSQL.

A whole test run has one PostgreSQL server, which is started when it is first needed. With
pytest-xdist the controlling process owns the server and tells its workers the address.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from bursar.database.engine import Database
from testing.databases.composed import composed
from testing.databases.lent import LentDatabase
from testing.databases.migrated import TEMPLATE, migrate, migrated_url
from testing.databases.postgres import PostgresAddress, PostgresServer

DIALECTS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]

SERVER = pytest.StashKey[PostgresServer]()
WORKER_INPUT = "postgres_server_url"


class WorkerNode(Protocol):
    """What is used of pytest-xdist's untyped WorkerController."""

    config: pytest.Config
    workerinput: dict[str, str]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerNode) -> None:
    if node.config.option.markexpr != "not slow":
        node.workerinput[WORKER_INPUT] = shared_server(node.config).address.server_url


def pytest_unconfigure(config: pytest.Config) -> None:
    if SERVER in config.stash:
        config.stash[SERVER].stop()


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> PostgresAddress:
    """Only for tests marked slow: the fast subset starts no server."""
    if not hasattr(pytestconfig, "workerinput"):
        return shared_server(pytestconfig).address
    if WORKER_INPUT not in pytestconfig.workerinput:
        pytest.fail("a test that needs PostgreSQL is not marked slow")
    return PostgresAddress(pytestconfig.workerinput[WORKER_INPUT])


def shared_server(config: pytest.Config) -> PostgresServer:
    if SERVER not in config.stash:
        server = PostgresServer()
        server.start()
        config.stash[SERVER] = server
    return config.stash[SERVER]


def fresh_url(dialect: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """Of a new, migrated database, for fixtures that keep one for longer than a test."""
    is_sqlite = dialect == "sqlite"
    return migrated_url(folder, None if is_sqlite else request.getfixturevalue("postgres"))


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
    address.ensure_template(TEMPLATE, migrate)
    with LentDatabase(address, TEMPLATE) as lent:
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
    database = composed(database_url)
    yield database
    database.dispose()
