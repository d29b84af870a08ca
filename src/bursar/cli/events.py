"""`bursar events`."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Annotated, Final
from uuid import UUID

import msgspec
import typer
from sqlalchemy import Connection

from bursar import clock
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, settings_or_fail
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.events.cursors import cursor_of
from bursar.events.log import CursorTooOld, LogPage, read_log, read_newest
from bursar.events.selecting import UnknownTypes, types_of
from bursar.events.sequencing import BATCH, Sequencer
from bursar.events.wire import wire

app = typer.Typer(help="Show the log of events.", no_args_is_help=True)

LOOKING_SECONDS: Final = 0.5
EACH_READ: Final = 500


@app.callback()
def events() -> None:
    """Show the log of events."""


@app.command()
def tail(
    *,
    enterprise: Annotated[
        UUID | None,
        typer.Option("--enterprise", help="The enterprise's uuid; else the whole installation."),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only this type, or all of a kind: license.* Repeatable."),
    ] = None,
    lines: Annotated[
        int, typer.Option("--lines", min=0, max=10_000, help="How many of the newest events.")
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="NDJSON, one event a line.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what happens, until interrupted.")
    ] = False,
) -> None:
    """Print the newest events of the log, oldest first."""
    try:
        types = types_of(kinds or ())
    except UnknownTypes as error:
        fail(f"--type: {error}", EXIT_INVALID)
    with opened_database(settings_or_fail()) as database:
        log = _Log(database, enterprise, types)
        _print(log.newest(lines), as_json=as_json)
        with _until_interrupted() as interrupted:
            while follow and not interrupted.is_set():
                rows = log.more()
                _print(rows, as_json=as_json)
                if not rows:
                    interrupted.wait(LOOKING_SECONDS)


@contextmanager
def _until_interrupted() -> Iterator[Event]:
    """The first interruption only says so, because an exception in the midst of a statement would
    come out as another one. The second is as usual."""
    interrupted = Event()

    def note(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        interrupted.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


class _Log:
    """What one reader wants of the log, and where it is."""

    def __init__(self, database: Database, enterprise: UUID | None, types: frozenset[str]) -> None:
        self._database = database
        self._sequencer = Sequencer(database)
        self._enterprise = enterprise
        self._types = types
        self._after = 0

    def newest(self, limit: int) -> Sequence[AnyRow]:
        while self._sequencer.place() == BATCH:
            pass
        with self._database.read() as connection:
            page = read_newest(
                connection, enterprise_uuid=self._enterprise, types=self._types, limit=limit
            )
        self._after = page.after
        return page.events

    def more(self) -> Sequence[AnyRow]:
        """What follows."""
        self._sequencer.place()
        with self._database.read() as connection:
            try:
                page = self._page(connection, self._after)
            except CursorTooOld as error:
                page = self._page(connection, error.oldest)
        self._after = page.after
        return page.events

    def _page(self, connection: Connection, after: int) -> LogPage:
        return read_log(
            connection,
            after=after,
            enterprise_uuid=self._enterprise,
            types=self._types,
            limit=EACH_READ,
        )


def _print(rows: Sequence[AnyRow], *, as_json: bool) -> None:
    for row in rows:
        if as_json:
            typer.echo(msgspec.json.encode(wire(row, cursor_of(row.position))))
        else:
            typer.echo(_line(row))


def _line(row: AnyRow) -> str:
    return (
        f"{clock.format_instant(row.at)}  {row.type}  {row.object_type} {row.object_id} "
        f"v{row.version}  {row.actor_kind} {row.actor}  {row.enterprise_uuid or '-'}"
    )
