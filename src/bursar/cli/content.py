"""`bursar import content`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

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

from bursar.catalog.imports.files import (
    FileReport,
    StrictFailure,
    import_file,
    import_file_strictly,
)
from bursar.catalog.imports.service import Stored
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.database.engine import Database


def content(
    files: Annotated[
        list[Path], typer.Argument(help="NDJSON or JSON.", exists=True, dir_okay=False)
    ],
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse everything when one line is bad.")
    ] = False,
) -> None:
    """Import courses, course runs and programs, one JSON document a line."""
    with opened_database(settings_or_fail()) as database:
        reports = _strictly(database, files) if strict else _leniently(database, files)
    stored = sum((report.stored for report in reports), Stored())
    rejected = sum(report.rejected for report in reports)
    typer.echo(
        f"{stored.created} created, {stored.changed} changed, {stored.unchanged} unchanged, "
        f"{rejected} rejected"
    )


def _leniently(database: Database, files: list[Path]) -> list[FileReport]:
    reports = []
    for path in files:
        with progress_bar(path) as advance:

            def rejected(number: int, reason: str, name: Path = path) -> None:
                typer.echo(f"{name}:{number}: {reason}", err=True)

            report = import_file(database, operator(), path, rejected=rejected, progress=advance)
        if report.resumed_at:
            typer.echo(f"{path}: resumed at line {report.resumed_at}", err=True)
        reports.append(report)
    return reports


def _strictly(database: Database, files: list[Path]) -> list[FileReport]:
    reports = []
    with database.transaction() as session:
        for path in files:
            try:
                with progress_bar(path) as advance:
                    report = import_file_strictly(session, operator(), path, progress=advance)
            except StrictFailure as failure:
                session.rollback()
                fail(f"{path}:{failure.line}: {failure.reason}", EXIT_INVALID)
            reports.append(report)
    return reports


@contextmanager
def progress_bar(path: Path) -> Iterator[Callable[[int], None]]:
    """A bar over the bytes of a file, on standard error and only for a person."""
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
        yield lambda offset: progress.update(task, completed=offset)
