"""A command imports what it needs and no more. What is imported is asked, not how long it takes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bursar import __version__
from bursar.cli.commands import COMMANDS
from bursar.cli.lazy import LazyCommand
from testing.servers.processes import child_environment

REPORTING = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(list(sys.modules)), file=sys.stderr))
sys.argv = ["bursar", *sys.argv[1:]]
from bursar.cli.main import main
main()
"""
FRAME = {
    "bursar",
    "bursar.cli",
    "bursar.cli.main",
    "bursar.cli.commands",
    "bursar.cli.lazy",
}
CLIENT = FRAME | {"bursar.cli.token", "bursar.cli.exits"}
OF_THE_SERVER = {
    "alembic",
    "argon2",
    "cryptography",
    "dbos",
    "granian",
    "httpx",
    "jinja2",
    "joserfc",
    "litestar",
    "msgspec",
    "prometheus_client",
    "psycopg",
    "pydantic_settings",
    "sqlalchemy",
    "structlog",
    "uvloop",
    "yaml",
}
CREDENTIALS = ("--client-id", "acme", "--client-secret", "secret")


def run(
    folder: Path, *arguments: str, **environment: str
) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """The command as it ended, and the modules that its process had imported by then."""
    finished = subprocess.run(
        [sys.executable, "-c", REPORTING, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        env=child_environment(environment),
    )
    return finished, set(json.loads(finished.stderr.splitlines()[-1]))


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] == "bursar"}


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


class TokenEndpoint(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"access_token": f"token of {self.path}"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Nothing, as the test's output is nobody's log."""


@pytest.fixture
def server_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), TokenEndpoint) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_first_line_of_its_help(name: str) -> None:
    loaded = LazyCommand(name, COMMANDS[name]).load()
    assert (loaded.help or "").splitlines()[0] == COMMANDS[name].summary


@pytest.mark.slow
def test_help_lists_every_command_and_imports_none(tmp_path: Path) -> None:
    finished, modules = run(tmp_path, "--help", COLUMNS="200")
    assert finished.returncode == 0
    for name, command in COMMANDS.items():
        assert f" {name} " in finished.stdout
        assert command.summary in finished.stdout
    assert ours(modules) == FRAME
    assert not packages(modules) & OF_THE_SERVER


@pytest.mark.slow
def test_the_version_is_printed_without_any_command(tmp_path: Path) -> None:
    finished, modules = run(tmp_path, "--version")
    assert (finished.returncode, finished.stdout) == (0, f"bursar {__version__}\n")
    assert ours(modules) == FRAME
    assert not packages(modules) & OF_THE_SERVER


@pytest.mark.slow
def test_a_client_of_a_server_imports_nothing_of_the_server(
    tmp_path: Path, server_url: str
) -> None:
    finished, modules = run(tmp_path, "token", *CREDENTIALS, "--url", f"{server_url}/")
    assert finished.stdout == "token of /oauth2/v1/access_token\n"
    assert ours(modules) == CLIENT
    assert not packages(modules) & OF_THE_SERVER
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_token_of_the_database_needs_the_database(tmp_path: Path) -> None:
    finished, modules = run(tmp_path, "token", *CREDENTIALS)
    assert finished.returncode == 1
    assert "Invalid client credentials." in finished.stderr
    assert packages(modules) >= {"sqlalchemy", "argon2"}
    assert not packages(modules) & {"litestar", "granian"}


@pytest.mark.slow
def test_a_worker_has_no_web_server_in_its_memory(tmp_path: Path) -> None:
    finished, modules = run(tmp_path, "worker", "--help")
    assert "Do background work until told to stop." in finished.stdout
    assert not packages(modules) & {"litestar", "granian"}


@pytest.mark.slow
def test_options_of_commands_can_be_completed(tmp_path: Path) -> None:
    finished, modules = run(
        tmp_path,
        _BURSAR_COMPLETE="complete_bash",
        COMP_WORDS="bursar token --cl",
        COMP_CWORD="2",
    )
    assert finished.stdout.split() == ["--client-id", "--client-secret"]
    assert ours(modules) == CLIENT
