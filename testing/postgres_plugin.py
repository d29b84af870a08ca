"""One PostgreSQL server for a whole test run, started when it is first needed.

With pytest-xdist the controlling process owns the server and tells its workers the address.
"""

from typing import Protocol

import pytest

from testing.postgres import PostgresAddress, PostgresServer

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
