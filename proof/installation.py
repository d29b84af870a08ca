"""Several machines in small: a database, web processes behind a balancer, workers, and what they
talk to."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from proof.balancer import Balancer
from proof.world import STUDENTS, manifest, username
from testing.databases.migrated import migrate
from testing.databases.standby import Primary, Standby, url_of_both
from testing.fakes import smtp
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLmsProcess
from testing.servers.cli import Cli
from testing.servers.processes import ServerProcess, WorkerProcess

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
        """Ends the leases of mails at once, as if their minute had passed.

        It changes the database directly, because otherwise only time ends a lease.
        """
        self.cli.execute("UPDATE mails SET claimed_until = NULL WHERE status = 'pending'")

    def introduce(self, *emails: str) -> None:
        """Gives these people accounts in the LMS."""
        accounts = {email: username(email) for email in emails}
        answer = httpx.post(
            f"{self.lms.url}/_fake/configure", json={"accounts": accounts}, trust_env=False
        )
        answer.raise_for_status()


@contextmanager
def running(folder: Path) -> Iterator[Installation]:
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
        settings = cli.environment | {
            "BURSAR_SMTP_URL": sink.url,
            "BURSAR_LMS_URL": lms.url,
            "BURSAR_LMS_CLIENT_ID": CLIENT_ID,
            "BURSAR_LMS_CLIENT_SECRET": CLIENT_SECRET,
            "BURSAR_LMS_TIMEOUT": "5",
        }
        webs = tuple(ServerProcess(folder, settings) for _ in range(WEB_PROCESSES))
        workers = tuple(WorkerProcess(folder, settings) for _ in range(WORKERS))
        for process in (*webs, *workers):
            stack.enter_context(process)
        balancer = Balancer(folder, [web.port for web in webs])
        stack.enter_context(balancer)
        installation = Installation(primary, standby, webs, workers, balancer, lms, sink, cli)
        installation.introduce(*STUDENTS)
        yield installation
