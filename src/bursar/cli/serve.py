"""`bursar serve`, `worker` and `demo`."""

import multiprocessing
import os
import socket
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

from bursar import clock, logs
from bursar.cli.demo import prepare_demo, print_demo
from bursar.cli.support import fail, opened_database, settings_or_fail
from bursar.settings import Settings, get_settings
from bursar.work import background_worker

Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 picks a free one.")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64)] = 1,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="On SQLite: no background work in this process.")
    ] = False,
) -> None:
    """Serve the API. On SQLite it migrates and runs the background worker inside."""
    settings = settings_or_fail()
    logs.configure(settings)
    with opened_database(settings) as database:
        is_sqlite = database.is_sqlite
    port = port or free_port(host)
    typer.echo(f"Bursar listens on http://{host}:{port}", err=True)
    run_server(settings, host, port, workers, with_worker=is_sqlite and not no_worker)


def worker() -> None:
    """Run background work until told to stop."""
    settings = settings_or_fail()
    logs.configure(settings)
    with opened_database(settings):
        pass
    background_worker(settings).run_until_signalled()


def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Serve a ready enterprise with content, on SQLite."""
    given = os.environ.get("BURSAR_DATABASE_URL", "")
    if not given:
        os.environ["BURSAR_DATABASE_URL"] = f"sqlite:///{Path.cwd() / '.bursar' / 'demo.db'}"
    elif not given.startswith("sqlite:"):
        fail("bursar demo runs on SQLite: unset BURSAR_DATABASE_URL, or name a SQLite file in it.")
    os.environ.setdefault("BURSAR_LOG_LEVEL", "WARNING")
    get_settings.cache_clear()
    settings = settings_or_fail()
    logs.configure(settings)
    port = port or free_port(host)
    if not is_free(host, port):
        fail(f"Port {port} is taken: try `bursar demo --port 0`.")
    with opened_database(settings) as database:
        now = clock.now()
        prepare_demo(database, now)
        print_demo(database, settings, f"http://{host}:{port}", now)
    run_server(settings, host, port, 1, with_worker=True)


def run_server(
    settings: Settings, host: str, port: int, workers: int, *, with_worker: bool
) -> None:
    """Until a signal ends it: requests under way finish, and the worker hands its jobs back."""
    # Web processes begin afresh: a fork would carry our memory and the worker's threads along.
    multiprocessing.set_start_method("spawn", force=True)
    background = background_worker(settings) if with_worker else None
    with tempfile.TemporaryDirectory(prefix="bursar-metrics-") as folder:
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        server = Server(
            "bursar.app:create",
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            workers=workers,
            factory=True,
            loop=Loops.uvloop,
            websockets=False,
            log_level=LogLevels.warning,
            respawn_failed_workers=True,
            workers_kill_timeout=30,
        )
        if background is not None:
            background.start()
        try:
            server.serve()
        finally:
            if background is not None:
                background.stop()


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
