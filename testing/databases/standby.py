"""A streaming standby of a test's own primary, and the failover to it."""

import os
import signal
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from testing.databases.postgres import (
    PostgresServer,
    PostgresUnavailableError,
    process_options,
)
from testing.waiting import wait_until


class Primary(PostgresServer):
    """A server of a test's own, which can die as a machine does."""

    def require_standby(self) -> None:
        """From now on a commit is acknowledged only when a standby has it too."""
        self.configure("synchronous_standby_names", "*")
        wait_until(
            lambda: self.asked("SELECT sync_state FROM pg_stat_replication") == "sync",
            "the standby is synchronous",
        )

    def configure(self, name: str, value: str | None) -> None:
        """Changes a setting of the running server, also for sessions that are open already."""
        change = f"ALTER SYSTEM SET {name} = '{value}'" if value else f"ALTER SYSTEM RESET {name}"
        with psycopg.connect(self.address.url("postgres"), autocommit=True) as connection:
            connection.execute(change.encode())
            connection.execute("SELECT pg_reload_conf()")

    def asked(self, question: str) -> object:
        with psycopg.connect(self.address.url("postgres"), autocommit=True) as connection:
            row = connection.execute(question.encode()).fetchone()
            return row[0] if row else None

    def kill(self) -> None:
        """As `pg_ctl stop --mode immediate` does: nobody may finish anything."""
        assert self._guard is not None
        os.kill(self.pid, signal.SIGQUIT)
        self._guard.wait()


class Standby(Primary):
    """Follows a running primary until it is promoted."""

    def __init__(self, primary: PostgresServer, *, durable: bool = False) -> None:
        super().__init__(durable=durable)
        # It looks five times a second for a primary that was stopped.
        self._settings = self._settings | {"wal_retrieve_retry_interval": "200ms"}
        self._primary = primary.address

    def promote(self) -> None:
        """Returns when it accepts writes."""
        assert self.asked("SELECT pg_promote()") is True
        assert self.asked("SELECT pg_is_in_recovery()") is False

    def _initialise(self, folder: Path) -> None:
        place = urlsplit(self._primary.server_url)
        finished = subprocess.run(
            [
                str(_tool("pg_basebackup", self._binaries)),
                f"--dbname=postgresql://{place.netloc}/postgres?application_name=standby",
                f"--pgdata={folder / 'data'}",
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--no-sync",
            ],
            **process_options(folder, self._account),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            raise PostgresUnavailableError(f"pg_basebackup failed:\n{finished.stdout}")


def _tool(name: str, binaries: Path) -> Path:
    """Beside the real `initdb`, wherever links to it are."""
    return (binaries / "initdb").resolve().parent / name


def url_of_both(first: PostgresServer, second: PostgresServer, database: str) -> str:
    """In the usual form for several hosts."""
    one, other = (urlsplit(each.address.server_url) for each in (first, second))
    hosts = f"{one.hostname}:{one.port},{other.hostname}:{other.port}"
    return f"postgresql://{one.username}@{hosts}/{database}?target_session_attrs=read-write"
