"""How serve and worker start: they wait for the database, and say when they work."""

import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from testing.databases.migrated import TEMPLATE, migrate
from testing.databases.postgres import PostgresAddress
from testing.servers.cli import Cli, stopped
from testing.servers.processes import free_port, is_healthy
from testing.waiting import wait_until
from tests.cli.test_serve import address_told_by, unusable

pytestmark = pytest.mark.slow

COMMANDS = [("serve", "--port", "0"), ("worker",)]


class Supervisor:
    """Hears what systemd would."""

    def __init__(self, path: Path) -> None:
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "200000"}
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(0.01)

    def has_heard(self, message: str) -> bool:
        try:
            while True:
                self.heard.append(self._socket.recv(1000).decode())
        except TimeoutError:
            return message in self.heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "notify")
    yield supervisor
    supervisor.close()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
def test_a_database_that_comes_later_is_waited_for(
    tmp_path: Path, postgres: PostgresAddress, supervisor: Supervisor, command: tuple[str, ...]
) -> None:
    postgres.ensure_template(TEMPLATE, migrate)
    name = f"later{uuid4().hex}"
    cli = Cli(tmp_path, postgres.url(name))
    with cli.started(*command, **supervisor.environment) as process:
        assert process.stderr is not None
        assert any("database.awaited" in line for line in process.stderr)
        assert not supervisor.has_heard("READY=1")
        postgres.create_database(name, template=TEMPLATE)
        wait_until(lambda: supervisor.has_heard("READY=1"), "it is ready")
        assert stopped(process) == 0


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
def test_the_wait_has_an_end(on_sqlite: Cli, command: tuple[str, ...]) -> None:
    away = f"postgresql://nobody@127.0.0.1:{free_port()}/books"
    finished = on_sqlite.run(*command, BURSAR_DATABASE_URL=away, BURSAR_DATABASE_WAIT="0.3")
    lines = finished.stderr.splitlines()
    waits = [line for line in lines if "database.awaited" in line and "seconds_left" in line]
    assert waits
    assert lines[len(waits)].startswith("The database cannot be used: ")
    assert finished.returncode == 1


def test_other_commands_do_not_wait(on_sqlite: Cli) -> None:
    away = f"postgresql://nobody@127.0.0.1:{free_port()}/books"
    unusable(on_sqlite.run("check", BURSAR_DATABASE_URL=away))


def test_it_says_that_it_listens_when_it_does(on_sqlite: Cli, supervisor: Supervisor) -> None:
    with on_sqlite.started("serve", "--port", "0", **supervisor.environment) as process:
        assert is_healthy(address_told_by(process))
        wait_until(lambda: supervisor.has_heard("WATCHDOG=1"), "it says that it works")
        assert supervisor.heard[0] == "READY=1"
        assert stopped(process) == 0
        assert supervisor.has_heard("STOPPING=1")


def test_a_worker_says_that_it_works(cli: Cli, supervisor: Supervisor) -> None:
    with cli.started("worker", **supervisor.environment) as process:
        wait_until(lambda: supervisor.has_heard("WATCHDOG=1"), "it says that it works")
        assert supervisor.heard[0] == "READY=1"
        assert stopped(process) == 0
