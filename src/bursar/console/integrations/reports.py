"""Scheduled reports: when each comes, what came of it, and once more now."""

from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.console.figures import counted
from bursar.console.integrations import words
from bursar.console.integrations.reviewing import Review, reviewed, trail_of
from bursar.console.paging import page_number
from bursar.console.rendering import ROWS
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Goto, Html, NotThere, Visit
from bursar.pages import PageRequest
from bursar.scheduled_reports.owned import REPORT
from bursar.scheduled_reports.service import (
    BeingSent,
    ReportView,
    RunStatus,
    UnknownReport,
    find_report,
    last_runs,
    page_of_reports,
    page_of_runs,
    plan_now,
)

screens: Final = Screens()
_PATH: Final = f"{OF_ENTERPRISE}/integrations/reports"
_REPORT: Final = f"{_PATH}/{{report_uuid:uuid}}"
_BUSY: Final = "It is being sent at this moment. Look again in a minute."


@screens.get(_PATH)
def show_reports(visit: Visit, connection: Connection) -> Html:
    wanted = PageRequest(ROWS, page_number(visit))
    page, reports = page_of_reports(connection, visit.enterprise.uuid, wanted)
    runs = last_runs(connection, [each.uuid for each in reports])
    given = {"page": page, "reports": reports, "runs": runs, "words": words}
    return Html("integration-reports.html", given)


@screens.get(_REPORT, owned=REPORT)
def show_report(visit: Visit, connection: Connection) -> Html:
    uuid = visit.target.uuid
    page, runs = page_of_runs(connection, uuid, PageRequest(ROWS, page_number(visit)))
    given = {
        "report": _found(visit, connection),
        "page": page,
        "runs": runs,
        "words": words,
        "path": _path(visit),
    }
    return Html("integration-report.html", given)


@screens.get(f"{_REPORT}/run", owned=REPORT)
def review_run(visit: Visit, connection: Connection) -> Html:
    return _review(visit, connection)


@screens.post(f"{_REPORT}/run", owned=REPORT, is_grave=True)
def run(visit: Visit, session: Session) -> Html | Goto:
    try:
        plan_now(session, visit.actor, visit.target.uuid, visit.now)
    except UnknownReport:
        raise NotThere from None
    except BeingSent:
        return _review(visit, session.connection(), _BUSY, 409)
    return Goto(_path(visit), "The report is made and sent now. What came of it stands below.")


def _review(visit: Visit, connection: Connection, error: str = "", status: int = 200) -> Html:
    report = _found(visit, connection)
    last = last_runs(connection, [report.uuid]).get(report.uuid)
    waits = last is not None and last.status is RunStatus.PENDING
    number = counted(len(report.recipients), "recipient")
    told = (
        f"It is made of what is known now, and sent to {number}: {', '.join(report.recipients)}.",
        "A run that waits gives way to it." if waits else "",
        "Its timetable goes on as before.",
    )
    title = f"Send {report.name} now"
    reports = f"{visit.base}/integrations/reports"
    trail = trail_of(visit, ("Reports", reports), (report.name, _path(visit)))
    button = f"Send to {number}"
    return reviewed(Review(title, trail, told, button, "Leave it to the timetable"), error, status)


def _found(visit: Visit, connection: Connection) -> ReportView:
    try:
        return find_report(connection, visit.target.uuid)
    except UnknownReport:
        raise NotThere from None


def _path(visit: Visit) -> str:
    return f"{visit.base}/integrations/reports/{visit.target.uuid}"
