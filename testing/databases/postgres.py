"""A private PostgreSQL server for the tests, gone with the process that started it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString, Self
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier

from testing.servers.processes import free_port
from testing.waiting import WaitedInVain, wait_until

START_ATTEMPTS = 3
STOP_TIMEOUT_SECONDS = 20.0

SETTINGS = {
    "max_connections": "300",
    "shared_buffers": "128MB",
    "listen_addresses": "127.0.0.1",
}
FORGETFUL_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

INITDB_OPTIONS = [
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--no-locale",
    "--no-sync",
    "--no-instructions",
]

# The pipe on standard input ends when the tests end, in whatever way: also when they are killed,
# when no exit handler of theirs runs.
GUARD = """
folder=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
(cat <&3 >/dev/null; kill -INT "$server" 2>/dev/null) &
exec 3<&-
wait "$server"
[ -e "$folder/kept" ] || rm -rf "$folder"
"""


class PostgresUnavailableError(Exception):
    """The binaries are missing, or the server did not start."""


@dataclass(frozen=True)
class PostgresAddress:
    """A running server, which may belong to another process of the same test run."""

    server_url: str

    def url(self, database: str) -> str:
        return f"{self.server_url}/{database}"

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Nobody may be connected to the template, or the server refuses."""
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template or "template0")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def ensure_template(self, name: str, prepare: Callable[[str], None]) -> str:
        """Let the first of all workers `prepare` the database at the URL it gets; the others wait.

        `prepare` must close its connections. Returns the name.
        """
        with self._admin_connection() as connection:
            connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
            if not self._exists(connection, name):
                self._build(name, prepare)
        return name

    def _build(self, name: str, prepare: Callable[[str], None]) -> None:
        unfinished = f"{name}_unfinished"
        self.drop_database(unfinished)
        prepare(self.create_database(unfinished))
        self._execute("ALTER DATABASE {} RENAME TO {}", unfinished, name)

    @staticmethod
    def _exists(connection: psycopg.Connection[Any], name: str) -> bool:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return connection.execute(query, [name]).fetchone() is not None

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with self._admin_connection() as connection:
            connection.execute(SQL(statement).format(*map(Identifier, names)))

    @contextmanager
    def _admin_connection(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            yield connection


class PostgresServer:
    """Started by one process of a test run; `address` is what it hands to the others.

    Fast and forgetful, unless it is `durable` as PostgreSQL is by default.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._settings = SETTINGS if durable else SETTINGS | FORGETFUL_SETTINGS
        self._binaries = find_binaries()
        self._account = unprivileged_account()
        self._folder: Path | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._address: PostgresAddress | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> PostgresAddress:
        if self._address is None:
            raise PostgresUnavailableError("the server is not running")
        return self._address

    @property
    def pid(self) -> int:
        """Of the process that all others of the server are children of."""
        if self._folder is None:
            raise PostgresUnavailableError("the server is not running")
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    def create_database(self, name: str, *, template: str | None = None) -> str:
        return self.address.create_database(name, template=template)

    def start(self) -> None:
        """Another process may take the free port first, so a start is tried a few times."""
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                self._start_once()
            except PostgresUnavailableError:
                self.stop()
                if attempt == START_ATTEMPTS:
                    raise
            else:
                return

    def stop(self) -> None:
        if self._guard is not None:
            close_guard(self._guard)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._guard = self._folder = self._address = None

    def pause(self) -> None:
        """Ends the server and keeps its data: whoever is connected is thrown out."""
        if self._guard is not None and self._folder is not None:
            (self._folder / "kept").touch()
            close_guard(self._guard)
            self._guard = None

    def crash(self) -> None:
        """Ends all processes of the server at once, without a word, and keeps its data."""
        if self._guard is not None and self._folder is not None:
            (self._folder / "kept").touch()
            kill_server(self._folder / "data")
            close_guard(self._guard)
            self._guard = None

    def resume(self) -> None:
        """At the same address."""
        if self._folder is None:
            raise PostgresUnavailableError("the server was never started")
        port = urlsplit(self.address.server_url).port
        assert port is not None
        (self._folder / "kept").unlink(missing_ok=True)
        self._guard = self._launch(self._folder, port)
        await_connections(self._guard, self.address, log=self._folder / "server.log")

    def _start_once(self) -> None:
        folder = self._folder = private_folder(self._account)
        port = free_port()
        self._initialise(folder)
        self._guard = self._launch(folder, port)
        address = PostgresAddress(f"postgresql://postgres@127.0.0.1:{port}")
        await_connections(self._guard, address, log=folder / "server.log")
        self._address = address

    def _initialise(self, folder: Path) -> None:
        finished = subprocess.run(
            [str(self._binaries / "initdb"), "--pgdata", str(folder / "data"), *INITDB_OPTIONS],
            **process_options(folder, self._account),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            raise PostgresUnavailableError(f"initdb failed:\n{finished.stdout}")

    def _launch(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        command = [
            str(self._binaries / "postgres"),
            *server_arguments(self._settings, folder, port),
        ]
        with (folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", GUARD, "guard", str(folder), *command],
                **process_options(folder, self._account),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the tests, which still need the server to clean up.
                start_new_session=True,
            )


def find_binaries() -> Path:
    """The first folder with both tools: of PATH, then of Debian's packages, newest first."""
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -float(folder.parent.name)
    )
    for folder in [*map(Path, os.get_exec_path()), *packaged, Path("/usr/local/pgsql/bin")]:
        if all(os.access(folder / tool, os.X_OK) for tool in ("initdb", "postgres")):
            return folder
    raise PostgresUnavailableError("initdb and postgres were not found; `./run test` installs them")


def unprivileged_account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; None means that the current account will do."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def private_folder(account: pwd.struct_passwd | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="bursar-postgres-"))
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def process_options(folder: Path, account: pwd.struct_passwd | None) -> dict[str, Any]:
    """PG* variables of the caller could lead to another server, so they are left out."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    options: dict[str, Any] = {"cwd": folder, "env": environment}
    if account is not None:
        options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return options


def server_arguments(settings: Mapping[str, str], folder: Path, port: int) -> list[str]:
    place = {"port": str(port), "unix_socket_directories": str(folder)}
    pairs = [*settings.items(), *place.items()]
    options = [part for name, value in pairs for part in ("-c", f"{name}={value}")]
    return ["-D", str(folder / "data"), *options]


def await_connections(
    guard: subprocess.Popen[bytes], address: PostgresAddress, *, log: Path
) -> None:
    def has_started_or_ended() -> bool:
        return guard.poll() is not None or accepts_connections(address)

    with suppress(WaitedInVain):
        wait_until(has_started_or_ended)
    if guard.poll() is not None or not accepts_connections(address):
        text = log.read_text(errors="replace") if log.exists() else "(its log is gone)"
        raise PostgresUnavailableError(f"PostgreSQL did not start:\n{text}")


def accepts_connections(address: PostgresAddress) -> bool:
    try:
        psycopg.connect(address.url("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def kill_server(data: Path) -> None:
    """The postmaster goes first, because it would restart what remains. Its children are in
    sessions of their own, so that no signal to a group reaches them."""
    postmaster = int((data / "postmaster.pid").read_text().split()[0])
    for pid in (postmaster, *children_of(postmaster)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def children_of(parent: int) -> list[int]:
    children = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            # The name in parentheses may hold spaces: `12 (postgres: x) S 7`.
            pid, _, fields = file.read_text().partition(" (")
            if int(fields.rpartition(") ")[2].split()[1]) == parent:
                children.append(int(pid))
    return children


def close_guard(guard: subprocess.Popen[bytes]) -> None:
    if guard.stdin is not None:
        guard.stdin.close()
    try:
        guard.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(guard.pid, 9)
        guard.wait()
