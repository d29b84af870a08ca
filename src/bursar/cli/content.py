"""`bursar import content`."""

from pathlib import Path
from typing import Annotated

import typer

from bursar.catalog.imports.files import import_file, import_file_strictly
from bursar.cli.completing import Completion, NothingDeleted
from bursar.cli.exits import EXIT_FINDINGS, EXIT_INVALID, fail
from bursar.cli.import_reports import end_by_rejected, listening, tell_resumed, tell_stored
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.database.engine import Database
from bursar.importing.records import BadRecord, FileReport
from bursar.memory import collect_garbage_rarely


def content(
    files: Annotated[
        list[Path], typer.Argument(help="NDJSON or JSON.", exists=True, dir_okay=False)
    ],
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Import nothing if one line is bad.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Overwrite: keep no keys and runs that a document lacks."),
    ] = False,
    complete: Annotated[
        bool,
        typer.Option(
            "--complete", help="The files are all there is of their types: delete what they lack."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --complete: delete more than 20 % too.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="End with 0 although some lines were rejected.")
    ] = False,
) -> None:
    """Import courses, course runs and programs, one JSON document a line."""
    if force and not complete:
        fail("--force is only for --complete: a plain import deletes nothing.", EXIT_INVALID)
    with opened_database(settings_or_fail()) as database:
        collect_garbage_rarely()
        completion = None
        if complete:
            completion = Completion.begun(database, files, force=force, keep_going=keep_going)
        import_all = _strictly if strict else _leniently
        reports = import_all(database, files, completion, merge=not replace)
    end_by_rejected(reports, keep_going=keep_going)


def _leniently(
    database: Database, files: list[Path], completion: Completion | None, *, merge: bool
) -> list[FileReport]:
    """A batch of documents a transaction; what is deleted is the last one."""
    reports = []
    for path in files:
        with listening(path) as listener:
            report = import_file(database, operator(), path, listener, merge=merge)
        tell_resumed(path, report)
        reports.append(report)
    obstacle = None
    if completion is not None:
        try:
            with database.transaction() as session:
                completion.delete(session)
        except NothingDeleted as error:
            obstacle = str(error)
    tell_stored(reports, completion.deleted if completion else None)
    if obstacle is not None:
        typer.echo(obstacle, err=True)
        end_by_rejected(reports, keep_going=False)
        raise typer.Exit(EXIT_FINDINGS)
    return reports


def _strictly(
    database: Database, files: list[Path], completion: Completion | None, *, merge: bool
) -> list[FileReport]:
    """One transaction for all."""
    reports = []
    with database.transaction() as session:
        for path in files:
            try:
                with listening(path) as listener:
                    report = import_file_strictly(session, operator(), path, listener, merge=merge)
            except BadRecord as bad:
                fail(f"{path}:{bad.line}: {bad.reason}", EXIT_INVALID)
            reports.append(report)
        if completion is not None:
            try:
                completion.delete(session)
            except NothingDeleted as error:
                fail(str(error), EXIT_INVALID)
    tell_stored(reports, completion.deleted if completion else None)
    return reports
