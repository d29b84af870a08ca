"""What the commands that import files share: a progress bar, and how they print results."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from bursar.cli.exits import EXIT_FINDINGS, EXIT_INVALID, fail
from bursar.importing.records import FileReport, Listener, Tally


@contextmanager
def listening(path: Path) -> Iterator[Listener]:
    """Prints bad lines to standard error. On a terminal it also shows a progress bar."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(path.name, total=path.stat().st_size)
        yield Listener(
            rejected=lambda line, reason: typer.echo(f"{path}:{line}: {reason}", err=True),
            progress=lambda offset: progress.update(task, completed=offset),
        )


def tell_resumed(path: Path, report: FileReport) -> None:
    if report.resumed_at:
        typer.echo(f"{path}: resumed at line {report.resumed_at}", err=True)


def tell_stored(reports: Sequence[FileReport], deleted: int | None = None) -> None:
    """The last line of output. `deleted` is None where nothing can be deleted."""
    stored = sum((report.stored for report in reports), Tally())
    rejected = sum(report.rejected for report in reports)
    typer.echo(
        f"{stored.created} created, {stored.changed} changed, {stored.unchanged} unchanged, "
        f"{rejected} rejected" + ("" if deleted is None else f", {deleted} deleted")
    )


def end_by_rejected(reports: Sequence[FileReport], *, keep_going: bool) -> None:
    """Ends the command with the status that tells a script what the last line tells a person."""
    rejected = sum(report.rejected for report in reports)
    if not rejected:
        return
    if not any(report.stored.total or report.resumed_at for report in reports):
        fail("nothing was imported: all was rejected", EXIT_INVALID)
    if not keep_going:
        fail(f"{rejected} rejected (--keep-going: end with 0 all the same)", EXIT_FINDINGS)
