"""The application as it is served, with the floor beside it: `python -m benchmarks.app PORT`."""

import multiprocessing
import os
import sys
from pathlib import Path
from uuid import UUID

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server
from litestar.types import ASGIApp

from benchmarks.floor import Floor, KeptAnswers, floor_handler
from benchmarks.write_floor import KeptWrites, WriteFloor, write_floor_handler
from bursar import logs, memory
from bursar.app import create_app, tune_process
from bursar.cli.serve import CONNECTIONS
from bursar.identity.tokens import KeyRing
from bursar.settings import get_settings
from bursar.web.adapter import Threads
from bursar.work import open_database, open_standby

PROCESSES = 2
PROCESSES_VARIABLE = "BENCHMARK_PROCESSES"
CLIENT_VARIABLE = "BENCHMARK_CLIENT"
ANSWERS_VARIABLE = "BENCHMARK_ANSWERS"


def create() -> ASGIApp:
    tune_process()
    settings = get_settings()
    logs.configure(settings)
    database = open_database(settings, pool_size=settings.threads)
    folder, threads = Path(os.environ[ANSWERS_VARIABLE]), Threads(settings.threads)
    client = UUID(os.environ[CLIENT_VARIABLE])
    floor = Floor(database, KeyRing(database, settings), client, KeptAnswers(folder))
    writes = WriteFloor(database, floor, KeptWrites(folder))
    floors = [floor_handler(floor, threads), write_floor_handler(writes, threads)]
    standby = open_standby(settings, database)
    app = create_app(settings, database, extra_handlers=floors, standby=standby)
    memory.collect_garbage_rarely()
    return app


def main(port: int) -> None:
    multiprocessing.set_start_method("spawn", force=True)
    memory.let_children_give_back_memory()
    Server(
        "benchmarks.app:create",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        workers=int(os.environ.get(PROCESSES_VARIABLE, PROCESSES)),
        factory=True,
        loop=Loops.uvloop,
        backpressure=CONNECTIONS,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
