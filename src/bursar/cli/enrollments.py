"""`bursar import enrollments`."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.import_reports import end_by_rejected, listening, tell_resumed, tell_stored
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.database.engine import Database
from bursar.enrollment.progress.entries import why_left_aside
from bursar.enrollment.progress.files import import_file, import_file_strictly
from bursar.identity.service import UnknownEnterprise, get_enterprise
from bursar.importing.records import BadRecord, FileReport, UnreadableFile
from bursar.memory import collect_garbage_rarely


def enrollments(
    file: Annotated[Path, typer.Argument(help="CSV or NDJSON.", exists=True, dir_okay=False)],
    enterprise: Annotated[UUID, typer.Option("--enterprise", help="The enterprise's uuid.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="Import nothing if one line is bad.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="End with 0 although some lines were rejected.")
    ] = False,
) -> None:
    """Import enrollments and progress that an LMS reports, one on each line."""
    with opened_database(settings_or_fail()) as database:
        _check_enterprise(database, enterprise)
        collect_garbage_rarely()
        try:
            report = _import(database, file, enterprise, strict=strict)
        except UnreadableFile as error:
            fail(f"{file}: {error}", EXIT_INVALID)
        except BadRecord as bad:
            fail(f"{file}:{bad.line}: {bad.reason}", EXIT_INVALID)
    tell_resumed(file, report)
    tell_stored([report])
    end_by_rejected([report], keep_going=keep_going)


def _check_enterprise(database: Database, enterprise: UUID) -> None:
    with database.transaction() as session:
        try:
            get_enterprise(session, enterprise)
        except UnknownEnterprise:
            fail(f"No enterprise {enterprise}.", EXIT_INVALID)


def _import(database: Database, file: Path, enterprise: UUID, *, strict: bool) -> FileReport:
    def left_aside(name: str) -> None:
        typer.echo(f"{file}: {why_left_aside(name)}", err=True)

    with listening(file) as listener:
        if not strict:
            return import_file(
                database, operator(), file, enterprise, listener=listener, left_aside=left_aside
            )
        with database.transaction() as session:
            return import_file_strictly(
                session, operator(), file, enterprise, listener=listener, left_aside=left_aside
            )
