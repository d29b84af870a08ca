"""`bursar import content`."""

from pathlib import Path
from typing import Annotated

import typer

from bursar.catalog.imports.files import import_file, import_file_strictly
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.import_reports import end_by_rejected, listening, tell_resumed, tell_stored
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.database.engine import Database
from bursar.importing.records import BadRecord, FileReport


def content(
    files: Annotated[
        list[Path], typer.Argument(help="NDJSON or JSON.", exists=True, dir_okay=False)
    ],
    strict: Annotated[
        bool, typer.Option("--strict", help="Import nothing if one line is bad.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Overwrite: keep no keys and runs that a document lacks."),
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="End with 0 although some lines were rejected.")
    ] = False,
) -> None:
    """Import courses, course runs and programs, one JSON document a line."""
    with opened_database(settings_or_fail()) as database:
        import_all = _strictly if strict else _leniently
        reports = import_all(database, files, merge=not replace)
    tell_stored(reports)
    end_by_rejected(reports, keep_going=keep_going)


def _leniently(database: Database, files: list[Path], *, merge: bool) -> list[FileReport]:
    reports = []
    for path in files:
        with listening(path) as listener:
            report = import_file(database, operator(), path, listener, merge=merge)
        tell_resumed(path, report)
        reports.append(report)
    return reports


def _strictly(database: Database, files: list[Path], *, merge: bool) -> list[FileReport]:
    reports = []
    with database.transaction() as session:
        for path in files:
            try:
                with listening(path) as listener:
                    report = import_file_strictly(session, operator(), path, listener, merge=merge)
            except BadRecord as bad:
                fail(f"{path}:{bad.line}: {bad.reason}", EXIT_INVALID)
            reports.append(report)
    return reports
