"""Brings the reports of an enterprise to what is declared. It expects the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.declarations import (
    DeclarationOutcome,
    DeclarationRefused,
    FieldChanges,
    Problem,
    set_fields,
)
from bursar.events.event import Changes
from bursar.events.service import publish
from bursar.identity.sealing import NothingToSealWith, Seal, SealedText
from bursar.scheduled_reports import destinations, timetables
from bursar.scheduled_reports.commands import (
    WANTED,
    Declarations,
    MailTo,
    PutReport,
    ReportFormat,
    SftpTo,
)
from bursar.scheduled_reports.events import ReportChanged, ReportCreated, ReportRemoved
from bursar.scheduled_reports.models import PENDING, Report, ReportRun
from bursar.scheduled_reports.planning import drop_runs
from bursar.scheduled_reports.rules import next_due
from bursar.scheduled_reports.targets import unknown_targets

NO_LONGER_DECLARED: Final = "The report is no longer declared."
_PLAIN: Final = (
    "what", "format", "timetable", "filters", "selection", "destination", "pgp_public_key",
)  # fmt: skip


class ReportRefused(DeclarationRefused):
    """A report cannot be declared so. `name` is that of the report."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.name = name


@dataclass(frozen=True, slots=True)
class _Declaring:
    session: Session
    actor: Actor
    enterprise_uuid: UUID
    seal: Seal
    at: datetime


def put_reports(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    reports: Sequence[PutReport],
    *,
    seal: Seal,
    at: datetime,
) -> Declarations:
    """Stores these reports, whose names differ, and removes all others of the enterprise.

    Raises ReportRefused. The caller must roll back then.
    """
    stored = {report.name: report for report in _locked(session, enterprise_uuid)}
    declaring = _Declaring(session, actor, enterprise_uuid, seal, at)
    outcomes = {
        command.name: _put(declaring, command, stored.pop(command.name, None))
        for command in reports
    }
    _remove(declaring, list(stored.values()))
    return Declarations(outcomes, removed=tuple(stored))


def _locked(session: Session, enterprise_uuid: UUID) -> Sequence[Report]:
    mine = select(Report).where(Report.enterprise_uuid == enterprise_uuid).order_by(Report.name)
    # What is planned meanwhile is read again, and no run is planned of what is removed here.
    locked = mine.with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).all()


def _put(declaring: _Declaring, command: PutReport, stored: Report | None) -> DeclarationOutcome:
    problems = list(_problems(declaring, command, stored))
    if problems:
        raise ReportRefused(command.name, problems)
    if stored is None:
        report = _new(declaring, command)
        changes: FieldChanges = {name: (None, getattr(report, name)) for name in _PLAIN}
    else:
        report = stored
        changes = set_fields(report, _PLAIN, _values(command, stored))
    if _set_secret(declaring, report, command):
        changes["secret"] = (None, None)
    if not changes:
        return "unchanged"
    report.modified_at = declaring.at
    if stored is None or "timetable" in changes:
        # A run that was missed before is not made up for by the new times.
        report.next_due_at = next_due(command.timetable, declaring.at)
    declaring.session.add(report)
    declaring.session.flush()
    event = ReportCreated if stored is None else ReportChanged
    told = event(
        object_id=report.uuid,
        enterprise_uuid=declaring.enterprise_uuid,
        changes=_told(report.name, changes),
        is_first=stored is None,
    )
    publish(declaring.session, declaring.actor, [told], at=declaring.at)
    return "created" if stored is None else "changed"


def _problems(
    declaring: _Declaring, command: PutReport, stored: Report | None
) -> Sequence[Problem]:
    connection = declaring.session.connection()
    found: list[Problem] = []
    if command.wanted is not UNSET:
        found += [
            (f"filters.{name}", why)
            for name, why in unknown_targets(connection, declaring.enterprise_uuid, command.wanted)
        ]
    to = command.to
    if isinstance(to, SftpTo) and destinations.secret_of(to) is None:
        known = None if stored is None else destinations.destination_of(stored.destination)
        if not isinstance(known, SftpTo):
            found.append(("to.sftp", "needs key or password"))
        elif known.account != to.account:
            # What was given for one account is never shown to another.
            why = "needs key or password, because host, port or user are not what they were"
            found.append(("to.sftp", why))
    return found


def _new(declaring: _Declaring, command: PutReport) -> Report:
    values: dict[str, Any] = {
        "format": ReportFormat.CSV.value,
        "filters": {},
        "selection": _selection(WANTED[command.what]()),
        "pgp_public_key": None,
    }
    return Report(
        uuid=uuid4(),
        enterprise_uuid=declaring.enterprise_uuid,
        name=command.name,
        secret=None,
        created_at=declaring.at,
        **(values | _given(command)),
    )


def _values(command: PutReport, stored: Report) -> Mapping[str, Any]:
    if command.wanted is UNSET and command.what != stored.what:
        # The filters were those of another kind of report.
        return {"filters": {}, "selection": _selection(WANTED[command.what]())} | _given(command)
    return _given(command)


def _given(command: PutReport) -> dict[str, Any]:
    values: dict[str, Any] = {
        "what": command.what.value,
        "timetable": timetables.stored(command.timetable),
        "destination": destinations.stored(command.to),
    }
    if command.format is not UNSET:
        values["format"] = command.format.value
    if command.wanted is not UNSET:
        values |= {"filters": command.filters, "selection": _selection(command.wanted)}
    if command.pgp_public_key is not UNSET:
        values["pgp_public_key"] = command.pgp_public_key
    return values


def _selection(wanted: object) -> dict[str, Any]:
    # Sets are written in order, so that what means the same is stored the same.
    selection: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(wanted, order="sorted"))
    return selection


def _set_secret(declaring: _Declaring, report: Report, command: PutReport) -> bool:
    """Whether the password or the key is another one now."""
    secret = destinations.secret_of(command.to)
    if isinstance(command.to, MailTo):
        was, report.secret = report.secret, None
        return was is not None
    if secret is None or secret == _opened(declaring.seal, report.secret):
        return False
    try:
        report.secret = declaring.seal.close_text(secret)
    except NothingToSealWith as error:
        raise ReportRefused(command.name, [("to.sftp", str(error))]) from error
    return True


def _opened(seal: Seal, sealed: str | None) -> str | None:
    try:
        return None if sealed is None else seal.open_text(sealed)
    except SealedText:
        return None


def _told(name: str, changes: FieldChanges) -> Changes:
    """For the audit trail: which fields, and no value that could be a key or an address."""
    return {"name": (name, name), **dict.fromkeys(changes, (None, "changed"))}


def _remove(declaring: _Declaring, reports: Sequence[Report]) -> None:
    if not reports:
        return
    session, uuids = declaring.session, [report.uuid for report in reports]
    waiting = select(ReportRun.uuid).where(ReportRun.report_uuid.in_(uuids), PENDING)
    runs = session.scalars(waiting.order_by(ReportRun.uuid).with_for_update()).all()
    drop_runs(session, runs, declaring.at, NO_LONGER_DECLARED)
    session.execute(delete(Report).where(Report.uuid.in_(uuids)))
    publish(
        session,
        declaring.actor,
        [
            ReportRemoved(
                object_id=report.uuid,
                enterprise_uuid=declaring.enterprise_uuid,
                changes={"name": (report.name, None)},
            )
            for report in reports
        ],
        at=declaring.at,
    )


def seal_again(session: Session, seal: Seal) -> None:
    """Seals every password and key with the first secret, whatever sealed it before.

    Raises SealedText.
    """
    sealed = select(Report).where(Report.secret.is_not(None)).order_by(Report.uuid)
    for report in session.scalars(sealed.with_for_update()):
        report.secret = seal.close_text(seal.open_text(str(report.secret)))
