"""`bursar import enrollments`."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from bursar.catalog.imports.files import StrictFailure
from bursar.cli.content import progress_bar
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.database.engine import Database
from bursar.enrollment.progress.entries import UnreadableFile, why_left_aside
from bursar.enrollment.progress.files import FileReport, Listener, import_file, import_file_strictly
from bursar.identity.service import UnknownEnterprise, get_enterprise


def enrollments(
    file: Annotated[Path, typer.Argument(help="CSV or NDJSON.", exists=True, dir_okay=False)],
    enterprise: Annotated[UUID, typer.Option("--enterprise", help="The enterprise's uuid.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse everything when one line is bad.")
    ] = False,
) -> None:
    """Import learners' enrolments and progress, one of them a line."""
    with opened_database(settings_or_fail()) as database:
        _check_enterprise(database, enterprise)
        try:
            report = _import(database, file, enterprise, strict=strict)
        except UnreadableFile as error:
            fail(f"{file}: {error}", EXIT_INVALID)
        except StrictFailure as failure:
            fail(f"{file}:{failure.line}: {failure.reason}", EXIT_INVALID)
    if report.resumed_at:
        typer.echo(f"{file}: resumed at line {report.resumed_at}", err=True)
    stored = report.stored
    typer.echo(
        f"{stored.created} created, {stored.changed} changed, {stored.unchanged} unchanged, "
        f"{report.rejected} rejected"
    )


def _check_enterprise(database: Database, enterprise: UUID) -> None:
    with database.transaction() as session:
        try:
            get_enterprise(session, enterprise)
        except UnknownEnterprise:
            fail(f"No enterprise {enterprise}.", EXIT_INVALID)


def _import(database: Database, file: Path, enterprise: UUID, *, strict: bool) -> FileReport:
    with progress_bar(file) as advance:
        listener = Listener(
            rejected=lambda number, reason: typer.echo(f"{file}:{number}: {reason}", err=True),
            left_aside=lambda name: typer.echo(f"{file}: {why_left_aside(name)}", err=True),
            progress=advance,
        )
        if not strict:
            return import_file(database, operator(), file, enterprise, listener)
        with database.transaction() as session:
            return import_file_strictly(session, operator(), file, enterprise, listener)
