"""Which processes run on a database: each says so itself, for commands and monitoring to see."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session

from bursar.database.engine import insert_for
from bursar.processes.models import RunningProcess

BEAT_SECONDS: Final = 15.0
SILENT: Final = timedelta(seconds=60)
"""A process that was not heard of for so long is gone: it was killed, or its machine is."""
_KEPT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Process:
    id: str
    kind: str
    """`web` or `worker`."""
    host: str
    pid: int
    version: str
    secrets: tuple[str, ...]
    """Fingerprints of the secrets that it holds, the one that seals first."""
    started_at: datetime
    seen_at: datetime

    def __str__(self) -> str:
        return f"{self.kind} process {self.pid} on {self.host}"


def this_process(kind: str, version: str, secrets: Sequence[str], *, at: datetime) -> Process:
    """`secrets` are fingerprints."""
    host, pid = socket.gethostname(), os.getpid()
    # A process id may be given again, and machines may have the same name.
    unique = f"{host}:{pid}:{token_hex(4)}"
    return Process(unique, kind, host, pid, version, tuple(secrets), at, at)


def say_running(session: Session, process: Process, *, at: datetime) -> None:
    """Also forgets the processes that were last heard of a day ago."""
    statement = insert_for(session, RunningProcess).values(
        id=process.id,
        kind=process.kind,
        host=process.host,
        pid=process.pid,
        version=process.version,
        secrets=list(process.secrets),
        started_at=process.started_at,
        seen_at=at,
    )
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"seen_at": at}))
    session.execute(delete(RunningProcess).where(RunningProcess.seen_at < at - _KEPT))


def say_stopped(session: Session, process: Process) -> None:
    session.execute(delete(RunningProcess).where(RunningProcess.id == process.id))


def running_processes(connection: Connection, *, at: datetime) -> list[Process]:
    """The oldest first."""
    table = RunningProcess.__table__
    rows = connection.execute(
        select(table).where(table.c.seen_at > at - SILENT).order_by(table.c.started_at, table.c.id)
    )
    return [Process(**{**row._mapping, "secrets": tuple(row.secrets)}) for row in rows]
