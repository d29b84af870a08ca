"""Databases for the tests: the same suite on SQLite and on PostgreSQL.

A whole test run has one PostgreSQL server, which is started when it is first needed. With
pytest-xdist the controlling process owns the server and tells its workers the address.
"""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from bursar.database.engine import Database
from testing.cheap_secrets import make_secrets_cheap
from testing.databases.lent import Lent, LentDatabase, LentFile
from testing.databases.migrated import TEMPLATE, migrate, migrated_file, migrated_url
from testing.databases.postgres import PostgresAddress, PostgresServer
from testing.examples import load_profile

load_profile()
make_secrets_cheap()

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


def pytest_collection_finish() -> None:
    """What was imported is never garbage, so the collector need not go through it each time."""
    gc.collect()
    gc.freeze()


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
def lent_file(tmp_path_factory: pytest.TempPathFactory) -> LentFile:
    return LentFile(tmp_path_factory.mktemp("lent"), migrated_file())


@pytest.fixture(scope="session")
def lent_database(postgres: PostgresAddress) -> Iterator[LentDatabase]:
    postgres.ensure_template(TEMPLATE, migrate)
    with LentDatabase(postgres, TEMPLATE) as lent:
        yield lent


@pytest.fixture
def lent(dialect: str, request: pytest.FixtureRequest) -> Iterator[Lent]:
    name = "lent_file" if dialect == "sqlite" else "lent_database"
    lent: Lent = request.getfixturevalue(name)
    yield lent
    lent.take_back()


@pytest.fixture
def database_url(lent: Lent) -> str:
    """Of an empty, migrated database that is the test's own."""
    return lent.url


@pytest.fixture
def database(lent: Lent) -> Database:
    return lent.database
