"""Several machines in small: a database, web processes behind a balancer, workers, and what they
talk to."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx
import psycopg

from proof.balancer import Balancer
from proof.sabotage import DEFECTS, FORGETFUL_COMMITS
from proof.world import ACCOUNTS, STUDENTS, manifest, username
from testing.databases.migrated import migrate
from testing.databases.standby import Primary, Standby, url_of_both
from testing.fakes import smtp
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLmsProcess
from testing.paths import REPOSITORY
from testing.servers.cli import Cli
from testing.servers.processes import ServerProcess, WorkerProcess
from testing.waiting import wait_until

WEB_PROCESSES: Final = 2
WORKERS: Final = 2


@dataclass(frozen=True)
class Installation:
    primary: Primary
    standby: Standby
    webs: tuple[ServerProcess, ...]
    workers: tuple[WorkerProcess, ...]
    balancer: Balancer
    lms: FakeLmsProcess
    sink: smtp.Sink
    cli: Cli

    @property
    def url(self) -> str:
        return self.balancer.url

    def release_mails(self) -> None:
        """Ends the leases of mails at once, as if their time had passed.

        It changes the database directly, because otherwise only time ends a lease.
        """
        self.cli.execute("UPDATE deliveries SET claimed_until = NULL WHERE status = 'pending'")

    def hold_lms(self, calls: int, *, seconds: float, patience: float) -> None:
        """The next calls that enroll take so long. Returns when one of them has begun. Raises
        WaitedInVain."""
        self._configure(troubles=[{"on": "enroll", "seconds": seconds}] * calls)
        wait_until(lambda: self.lms_state()["troubles"] < calls, seconds=patience)

    def lms_state(self) -> dict[str, Any]:
        state: dict[str, Any] = httpx.get(f"{self.lms.url}/_fake/state", trust_env=False).json()
        return state

    def introduce(self, *emails: str, ids: Mapping[str, int] = MappingProxyType({})) -> None:
        """Gives these people accounts in the LMS, with these ids by username or others."""
        self._configure(
            accounts={email: username(email) for email in emails}, account_ids=dict(ids)
        )

    def _configure(self, **wanted: object) -> None:
        url = f"{self.lms.url}/_fake/configure"
        httpx.post(url, json=wanted, trust_env=False).raise_for_status()


def sabotaged(process: ServerProcess) -> ServerProcess:
    """The process, which will have the defects that its environment names."""
    process.module = ("-m", "proof.sabotaged")
    return process


def forget_commits(url: str) -> None:
    """From now on the database acknowledges what a crash may take away."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("ALTER DATABASE proof SET synchronous_commit = off")


@contextmanager
def running(folder: Path, defects: Sequence[str] = ()) -> Iterator[Installation]:
    """The running installation. PostgreSQL has its default durability and a synchronous standby, so
    that what it acknowledged survives a crash and the loss of the primary."""
    with ExitStack() as stack:
        primary = stack.enter_context(Primary(durable=True))
        standby = stack.enter_context(Standby(primary, durable=True))
        primary.require_standby()
        sink = stack.enter_context(smtp.running(smtp.Sink()))
        lms = FakeLmsProcess(folder)
        stack.enter_context(lms)
        primary.create_database("proof")
        url = url_of_both(primary, standby, "proof")
        migrate(url)
        cli = Cli(folder, url)
        (folder / "manifest.json").write_text(json.dumps(manifest()))
        cli.ok("apply", "-f", "manifest.json")
        if FORGETFUL_COMMITS in defects:
            forget_commits(url)
        patches = [defect for defect in defects if defect != FORGETFUL_COMMITS]
        settings: Mapping[str, str] = cli.environment | {
            DEFECTS: ",".join(patches),
            # Of processes that are started with defects.
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)]),
            "BURSAR_SMTP_URL": sink.url,
            "BURSAR_LMS_URL": lms.url,
            "BURSAR_LMS_CLIENT_ID": CLIENT_ID,
            "BURSAR_LMS_CLIENT_SECRET": CLIENT_SECRET,
            "BURSAR_LMS_TIMEOUT": "5",
        }
        webs = tuple(ServerProcess(folder, settings) for _ in range(WEB_PROCESSES))
        workers = tuple(WorkerProcess(folder, settings) for _ in range(WORKERS))
        for process in (*webs, *workers):
            stack.enter_context(sabotaged(process) if patches else process)
        balancer = Balancer(folder, [web.port for web in webs])
        stack.enter_context(balancer)
        installation = Installation(primary, standby, webs, workers, balancer, lms, sink, cli)
        installation.introduce(*STUDENTS, ids=ACCOUNTS)
        yield installation
