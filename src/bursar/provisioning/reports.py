"""Scheduled reports of manifests, both ways."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.identity.sealing import Seal
from bursar.provisioning.forms import EnterpriseForm
from bursar.provisioning.plan import Plan
from bursar.provisioning.problems import problem
from bursar.provisioning.report_forms import DestinationForm, ReportForm
from bursar.scheduled_reports import destinations, timetables
from bursar.scheduled_reports.commands import (
    DeclaredReport,
    Destination,
    MailTo,
    PutReport,
    SftpTo,
    Wanted,
)
from bursar.scheduled_reports.service import ReportRefused, put_reports


@dataclass(slots=True)
class ReportRun:
    """Puts the reports of enterprises that name any, and removes those that they leave out.

    The caller must roll back when there are problems.
    """

    session: Session
    actor: Actor
    now: datetime
    plan: Plan
    seal: Seal
    problems: list[str] = field(default_factory=list)

    def put(self, place: str, enterprise: EnterpriseForm) -> None:
        if "reports" not in enterprise.model_fields_set:
            return
        places = {
            report.name: f"{place}.reports[{index}]"
            for index, report in enumerate(enterprise.reports)
        }
        commands = [self._command(places[report.name], report) for report in enterprise.reports]
        if self.problems:
            return
        try:
            done = put_reports(
                self.session,
                self.actor,
                enterprise.uuid,
                commands,
                seal=self.seal,
                at=self.now,
            )
        except ReportRefused as error:
            below = places[error.name]
            self.problems += [problem(f"{below}.{path}", why) for path, why in error.problems]
            return
        for name, outcome in done.outcomes.items():
            self.plan.note(outcome, f"report {name} of {enterprise.slug}")
        for name in done.removed:
            self.plan.note_removed(f"report {name} of {enterprise.slug}")

    def _command(self, place: str, report: ReportForm) -> PutReport:
        named = report.model_fields_set
        wanted = self._wanted(place, report) if "filters" in named else UNSET
        return PutReport(
            name=report.name,
            what=report.what,
            timetable=report.at.timetable(),
            to=_destination(report.to),
            format=report.format if "format" in named else UNSET,
            filters=UNSET if wanted is UNSET else report.filters or {},
            wanted=wanted,
            pgp_public_key=report.pgp_public_key if "pgp_public_key" in named else UNSET,
        )

    def _wanted(self, place: str, report: ReportForm) -> Wanted | UnsetType:
        # The parameters of the endpoints: for manifests with filters only.
        from bursar.api.report_filters import WrongFilters, read_filters  # noqa: PLC0415

        try:
            return read_filters(report.what, report.filter_texts())
        except WrongFilters as error:
            self.problems += [
                problem(f"{place}.filters.{name}", " ".join(messages))
                for name, messages in error.problems.items()
            ]
            return UNSET


def _destination(form: DestinationForm) -> Destination:
    if form.sftp is not None:
        return SftpTo(**form.sftp.model_dump())
    return MailTo(tuple(dict.fromkeys(form.email or ())))


def exported_report(report: DeclaredReport) -> dict[str, Any]:
    """Without password and key: applied again, what is stored stays."""
    exported: dict[str, Any] = {
        "name": report.name,
        "what": report.what.value,
        "format": report.format.value,
        "at": timetables.stored(report.timetable),
        "filters": dict(report.filters),
        "to": destinations.stored(report.to),
    }
    if report.pgp_public_key is not None:
        exported["pgp_public_key"] = report.pgp_public_key
    return exported
