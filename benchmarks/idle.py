"""What a process takes of the processor while there is nothing to do."""

import time
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import uuid4

from benchmarks.results import Result
from benchmarks.server import processor_seconds
from benchmarks.stage import Stage
from testing.databases.migrated import migrate
from testing.servers.processes import ServerProcess, WorkerProcess

SETTLING_SECONDS: Final = 10
"""For starting, and until a worker without jobs rests."""
LOOKING_SECONDS: Final = 60
"""A whole minute, since some work is scheduled every minute."""
BOUND: Final = 0.01


def idle(stage: Stage) -> Sequence[Result]:
    folder = stage.folder / "idle"
    folder.mkdir()
    on_postgres = stage.address.create_database(f"idle_{uuid4().hex}")
    migrate(on_postgres)
    with (
        WorkerProcess(folder, {"BURSAR_DATABASE_URL": on_postgres}) as worker,
        ServerProcess(folder, {"BURSAR_DATABASE_URL": f"sqlite:///{folder}/idle.db"}) as server,
    ):
        waiting = {"idle worker, PostgreSQL": worker.pid, "idle server, SQLite": server.pid}
        return [_result(name, share) for name, share in _shares(waiting).items()]


def _shares(waiting: Mapping[str, int]) -> dict[str, float]:
    """Of one core, for each process by its id."""
    time.sleep(SETTLING_SECONDS)
    before = {name: processor_seconds(pid) for name, pid in waiting.items()}
    time.sleep(LOOKING_SECONDS)
    return {
        name: (processor_seconds(pid) - before[name]) / LOOKING_SECONDS
        for name, pid in waiting.items()
    }


def _result(name: str, share: float) -> Result:
    return Result(name, "", "", f"{share:.1%} of a core", f"< {BOUND:.0%}", share < BOUND)


MEASUREMENTS: Final = {"idle": idle}
