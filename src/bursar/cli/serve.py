"""`bursar serve`."""

import errno
import multiprocessing
import os
import resource
import socket
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import Annotated, Any, Final

import typer
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from bursar import logs, memory
from bursar.cli.exits import fail
from bursar.cli.key_care import prepare_keys
from bursar.cli.supervisor import READY, STOPPING, notify, watch
from bursar.cli.support import check_pooler, opened_database, settings_or_fail
from bursar.cli.telling import (
    refuse_published_secrets,
    tell_missing_traces,
    tell_open_address,
    tell_unsafe_settings,
)
from bursar.cli.watched import watched_beside_web
from bursar.identity.secret_file import seal_of
from bursar.settings import Settings
from bursar.web import draining
from bursar.web.bounds import MAX_HEADERS_BYTES
from bursar.work import background_worker

Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
YesReally = Annotated[
    bool,
    typer.Option(
        "--yes-really",
        help="Serve on an address that others reach although there are clients whose secrets "
        "everybody knows.",
    ),
]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 picks a free one.")]


CONNECTIONS: Final = 4_096
"""That each web process serves at once. 2,000 may listen for events and rest. With the server's own
limit, a thousand for all processes together, the others would not be let in."""
_FILES: Final = 16_384
_HTTP1: Final = HTTP1Settings(max_buffer_size=2 * MAX_HEADERS_BYTES)
"""Headers that are much too large are refused by the server itself, at little cost; those that are
a little too large are answered with a sentence."""
_LOOK_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ListenAddress:
    ip: str
    port: int
    url: str


class _Server(MPServer):
    """Before it stops, answers 503 at `/ready` for a while, so that load balancers stop sending
    requests."""

    def __init__(self, *arguments: Any, mark: Path, drain_seconds: float, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._mark = mark
        self._drain_seconds = drain_seconds

    def shutdown(self, exit_code: int = 0) -> None:
        self._mark.touch()
        notify(STOPPING)
        time.sleep(self._drain_seconds)
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]  # granian types none of it


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64)] = 1,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="On SQLite, do no background work in this process.")
    ] = False,
    yes_really: YesReally = False,
) -> None:
    """Serve the API. On SQLite, also migrate the database and do background work."""
    settings = settings_or_fail()
    logs.configure(settings)
    tell_unsafe_settings(settings)
    tell_missing_traces()
    with opened_database(settings, wait_seconds=settings.database_wait) as database:
        is_sqlite = database.is_sqlite
        prepare_keys(database, seal_of(database, settings))
        place = listen_address_of(host, port)
        tell_open_address(settings, place.ip)
        refuse_published_secrets(database, place.ip, yes_really=yes_really)
    check_pooler(settings)
    run_server(settings, place, workers, with_worker=is_sqlite and not no_worker)


def run_server(
    settings: Settings, place: ListenAddress, workers: int, *, with_worker: bool
) -> None:
    """Runs until a signal. Then requests under way finish, and the worker gives its jobs back to
    the queue.

    A line on standard error says where it listens, as soon as it does; systemd is told then too.
    """
    # Web processes are spawned, because a forked one would inherit our memory and the worker's
    # locks.
    multiprocessing.set_start_method("spawn", force=True)
    memory.let_children_give_back_memory()
    allow_many_files()
    background = background_worker(settings) if with_worker else None
    with tempfile.TemporaryDirectory(prefix="bursar-metrics-") as folder:
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        mark = Path(folder) / "draining"
        os.environ[draining.VARIABLE] = str(mark)
        server = _Server(
            "bursar.app:create",
            address=place.ip,
            port=place.port,
            interface=Interfaces.ASGI,
            workers=workers,
            factory=True,
            loop=Loops.uvloop,
            backpressure=CONNECTIONS,
            # Of HTTP/2, one connection could carry any number of requests; proxies speak HTTP/1.1.
            http=HTTPModes.http1,
            http1_settings=_HTTP1,
            websockets=False,
            log_level=LogLevels.warning,
            respawn_failed_workers=True,
            workers_kill_timeout=30,
            mark=mark,
            drain_seconds=settings.drain_seconds,
        )
        Thread(target=_announce, args=(place,), name="announce", daemon=True).start()
        with ExitStack() as beside:
            if background is not None:
                beside.enter_context(watched_beside_web(settings))
                background.start()
                beside.callback(background.stop)
            server.serve()


def allow_many_files() -> None:
    """In this process and those that it starts. Each connection is a file, and many systems allow a
    process 1,024 unless it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _announce(place: ListenAddress) -> None:
    never = Event()
    while not _answers(place):
        never.wait(_LOOK_SECONDS)
    typer.echo(f"Bursar listens on {place.url}", err=True)
    notify(READY)
    watch(lambda: _answers(place))


def _answers(place: ListenAddress) -> bool:
    """Whether a web process answers at once, on whatever address it listens."""
    connection = HTTPConnection(place.ip, place.port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def listen_address_of(host: str, port: int) -> ListenAddress:
    """The address to listen on. Ends the command if it cannot be used or another server uses it.

    The server itself would share the port with the other one, and each would get some of the
    requests.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # `localhost` has an IPv4 and an IPv6 address. IPv4 is preferred, because more programs try
        # it.
        family, kind, protocol, _, address = min(found, key=lambda each: each[0])
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            ip, port = probe.getsockname()[:2]
    except OSError as error:
        hint = " (--port 0 picks a free one)" if error.errno == errno.EADDRINUSE else ""
        fail(f"Cannot listen on {host}, port {port}: {error.strerror}{hint}")
    shown = f"[{host}]" if ":" in host else host
    return ListenAddress(ip, port, f"http://{shown}:{port}")
