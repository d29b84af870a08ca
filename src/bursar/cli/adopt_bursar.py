"""Moving in from a dump of another installation of Bursar, and how it is told."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import typer

from bursar import clock
from bursar.cli.exits import EXIT_FINDINGS, EXIT_INVALID, fail
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.cli.tables import print_table
from bursar.database.engine import Database
from bursar.identity.secret_file import seal_of
from bursar.moving.sealed import unopened
from bursar.moving.service import Adoption, DumpRefused, Taken, adopt, totals_of
from bursar.settings import Settings

_COLUMNS = ("what", "of", "state", "there", "here", "difference")
_TIMEOUT = httpx.Timeout(60.0)


def adopt_bursar(source: str, *, dry_run: bool) -> None:
    settings = settings_or_fail()
    with opened_database(settings) as database, _file_of(source) as path:
        try:
            adoption = adopt(database, operator(), path, clock.now(), dry_run=dry_run, told=_tell)
        except DumpRefused as error:
            fail(f"{error}\nNothing of it was changed.", EXIT_INVALID)
        warnings = [*adoption.warnings, *_what_differs(adoption)]
        if not dry_run:
            warnings += _of_secrets(database, settings, adoption)
    _end(adoption, warnings, dry_run=dry_run)


def _tell(taken: Taken) -> None:
    typer.echo(f"enterprise {taken.uuid}: {_state(taken)}, {taken.theirs.rows.total()} rows")


def _what_differs(adoption: Adoption) -> Iterator[str]:
    if not adoption.keeps_places and adoption.taken:
        yield (
            "Cursors of the log of events are others here: this installation has a log of its own. "
            "Let readers begin anew."
        )
    for name, number in sorted(adoption.moved_ids.items()):
        yield f"{number} rows of {name} have other numbers here, because theirs were taken."


def _of_secrets(database: Database, settings: Settings, adoption: Adoption) -> Iterator[str]:
    uuids = [taken.uuid for taken in adoption.taken]
    with database.read() as connection:
        found = unopened(connection, seal_of(database, settings), uuids)
    for name, number in found.items():
        yield (
            f"{number} sealed values of {name} cannot be opened here: put the BURSAR_SECRET_KEY of "
            "the other installation behind your own, or set them anew."
        )


def _end(adoption: Adoption, warnings: list[str], *, dry_run: bool) -> None:
    rows = [
        dict(zip(_COLUMNS, (*names, there, here, here - there), strict=True))
        for taken in adoption.taken
        for *names, there, here in totals_of(taken)
    ]
    if rows:
        print_table(_COLUMNS, rows)
    for warning in warnings:
        typer.echo(f"- {warning}", err=True)
    verb = "would be " if dry_run else ""
    states = [_state(taken) for taken in adoption.taken]
    typer.echo(
        ", ".join(
            f"{states.count(state)} {verb}{state}" for state in ("created", "changed", "unchanged")
        )
    )
    if warnings or any(row["difference"] for row in rows):
        raise typer.Exit(EXIT_FINDINGS)


def _state(taken: Taken) -> str:
    if taken.is_unchanged:
        return "unchanged"
    return "changed" if taken.was_there else "created"


@contextmanager
def _file_of(source: str) -> Iterator[Path]:
    """A file, what an address answers, or - for standard input: a dump is read twice."""
    if source.startswith(("http://", "https://")) or source == "-":
        with tempfile.NamedTemporaryFile(prefix="bursar-dump-") as file:
            try:
                _fetch(source, file.file)
            except (httpx.HTTPError, OSError) as error:
                fail(f"{source} cannot be read: {error}", EXIT_INVALID)
            file.flush()
            yield Path(file.name)
    elif not Path(source).is_file():
        fail(f"There is no file {source}.", EXIT_INVALID)
    else:
        yield Path(source)


def _fetch(source: str, file: IO[bytes]) -> None:
    if source == "-":
        shutil.copyfileobj(sys.stdin.buffer, file)
        return
    with httpx.stream("GET", source, timeout=_TIMEOUT, follow_redirects=True) as response:
        response.raise_for_status()
        for chunk in response.iter_raw():
            file.write(chunk)
