"""Imports files of reported enrollments, CSV or NDJSON."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.enrollment.commands import ReportSource
from bursar.enrollment.models import EnrollmentImport
from bursar.enrollment.progress.entries import Told, read_entries
from bursar.enrollment.progress.reported_rows import ReportedRow
from bursar.enrollment.progress.service import BATCH, store_reported
from bursar.importing.bookmarks import Bookmark
from bursar.importing.engine import Import, import_resumably, import_strictly
from bursar.importing.records import FileReport, Listener, Tally


def import_file(
    database: Database,
    actor: Actor,
    path: Path,
    enterprise_uuid: UUID,
    *,
    listener: Listener,
    left_aside: Told,
) -> FileReport:
    """Bad lines are told and left out. What a killed import had committed is not done again.

    Raises UnreadableFile.
    """
    bookmark = Bookmark.of(EnrollmentImport, path, enterprise_uuid=enterprise_uuid)
    work = _import(actor, path, enterprise_uuid, listener, left_aside)
    return import_resumably(database, work, bookmark)


def import_file_strictly(
    session: Session,
    actor: Actor,
    path: Path,
    enterprise_uuid: UUID,
    *,
    listener: Listener,
    left_aside: Told,
) -> FileReport:
    """All of the file in the caller's transaction. Raises BadRecord at the first bad line, and
    UnreadableFile."""
    return import_strictly(session, _import(actor, path, enterprise_uuid, listener, left_aside))


def _import(
    actor: Actor, path: Path, enterprise_uuid: UUID, listener: Listener, left_aside: Told
) -> Import[ReportedRow]:
    def store(session: Session, rows: Sequence[ReportedRow]) -> Tally:
        return store_reported(session, actor, enterprise_uuid, rows, source=ReportSource.IMPORT)

    return Import(
        read=lambda place: read_entries(path, left_aside, place),
        store=store,
        batch=BATCH,
        listener=listener,
    )
