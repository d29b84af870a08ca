"""`bursar reports`."""

from time import monotonic, sleep
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import clock
from bursar.cli.exits import EXIT_FINDINGS, EXIT_INVALID, fail
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.cli.tables import print_table
from bursar.database.engine import Database
from bursar.identity.service import find_enterprises
from bursar.report_work import report_means
from bursar.scheduled_reports.running import LEASE, send_now
from bursar.scheduled_reports.service import (
    BeingSent,
    ReportView,
    RunStatus,
    RunView,
    UnknownReport,
    find_reports,
    newest_runs,
    plan_now,
    view_of_run,
)

app = typer.Typer(help="Show scheduled reports, and run one now.", no_args_is_help=True)

_LOOKING_SECONDS: Final = 0.5
_REPORTS: Final = ("enterprise", "name", "what", "format", "to", "encrypted", "next")
_RUNS: Final = ("uuid", "report", "planned", "status", "bytes", "finished", "error")


@app.command("list")
def list_reports(
    enterprise: Annotated[UUID | None, typer.Option("--enterprise")] = None,
) -> None:
    """List what is declared, and when it is due next."""
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        reports = find_reports(connection, enterprise_uuid=enterprise)
    print_table(_REPORTS, [_shown(report) for report in reports])


def _shown(report: ReportView) -> dict[str, Any]:
    return {
        "enterprise": report.enterprise_slug,
        "name": report.name,
        "what": report.what,
        "format": report.format,
        "to": ", ".join(report.recipients),
        "encrypted": "yes" if report.is_encrypted else "no",
        "next": clock.format_instant(report.next_due_at),
    }


@app.command("runs")
def list_runs(
    *,
    enterprise: Annotated[UUID | None, typer.Option("--enterprise")] = None,
    name: Annotated[str, typer.Option("--name", help="Only runs of this report.")] = "",
    state: Annotated[RunStatus | None, typer.Option("--state")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000)] = 50,
) -> None:
    """List runs, newest first. `bursar deliveries` shows each attempt."""
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        runs = newest_runs(
            connection, enterprise_uuid=enterprise, name=name or None, status=state, limit=limit
        )
    print_table(_RUNS, [_shown_run(run) for run in runs])


def _shown_run(run: RunView) -> dict[str, Any]:
    return {
        "uuid": str(run.uuid),
        "report": run.report_name,
        "planned": clock.format_instant(run.planned_at),
        "status": run.status.value,
        "bytes": run.size,
        "finished": clock.format_instant(run.finished_at) if run.finished_at else None,
        "error": run.error,
    }


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="The report's name.")],
    *,
    enterprise: Annotated[
        UUID | None, typer.Option("--enterprise", help="Whose, where several have the name.")
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="In this process, and wait for what comes of it.")
    ] = False,
) -> None:
    """Run a report once more. Without --now a worker sends it."""
    settings = settings_or_fail()
    with opened_database(settings) as database:
        report = _named(database, name, enterprise)
        run_uuid = _planned(database, report)
        if not now:
            typer.echo(run_uuid)
            return
        send_now(database, report_means(database, settings), run_uuid)
        done = _finished(database, run_uuid)
    _tell(done, report)


def _named(database: Database, name: str, enterprise: UUID | None) -> ReportView:
    with database.read() as connection:
        found = find_reports(connection, enterprise_uuid=enterprise, name=name)
    if not found:
        fail(f"No report {name!r} is declared.", EXIT_INVALID)
    if len(found) > 1:
        slugs = ", ".join(each.enterprise_slug for each in found)
        fail(f"Several enterprises have a report {name!r} ({slugs}): --enterprise", EXIT_INVALID)
    _refuse_suspended(database, found[0])
    return found[0]


def _refuse_suspended(database: Database, report: ReportView) -> None:
    with database.read() as connection:
        found = find_enterprises(connection, [report.enterprise_uuid])[report.enterprise_uuid]
    if found.suspended_at is not None:
        fail(f"{found.slug} is suspended, and nothing is sent for it.", EXIT_INVALID)


def _planned(database: Database, report: ReportView) -> UUID:
    try:
        with database.transaction() as session:
            return plan_now(session, operator(), report.uuid, clock.now())
    except BeingSent:
        fail("It is being sent right now. Try again when it is done.", EXIT_INVALID)
    except UnknownReport:
        fail(f"No report {report.name!r} is declared any more.", EXIT_INVALID)


def _finished(database: Database, run_uuid: UUID) -> RunView:
    """A worker may have been faster than this process, and then this waits for it."""
    ends = monotonic() + LEASE.total_seconds()
    while True:
        with database.read() as connection:
            run = view_of_run(connection, run_uuid)
        if run.status is not RunStatus.PENDING or run.error is not None or monotonic() > ends:
            return run
        sleep(_LOOKING_SECONDS)


def _tell(run: RunView, report: ReportView) -> None:
    if run.status is RunStatus.DELIVERED:
        typer.echo(f"{run.size} bytes to {', '.join(report.recipients)}")
        return
    again = " It is tried again." if run.status is RunStatus.PENDING else ""
    fail(f"{report.name}: {run.error or run.status.value}.{again}", EXIT_FINDINGS)
