"""The figures of scheduled reports."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from bursar.database.engine import Database
from bursar.identity.service import set_suspended
from bursar.scheduled_reports.figures import report_figures
from bursar.scheduled_reports.models import ReportRun
from bursar.scheduled_reports.planning import plan_due
from testing.shops.reports import ACME
from tests.scheduled_reports.world import ACTOR, DUE, NEXT, daily, declare, furnish

OVERDUE = "bursar_reports_overdue_seconds"
PENDING = "bursar_report_runs_pending"
OLDEST = "bursar_report_runs_oldest_seconds"
FAILED = "bursar_report_runs_failed_recently"


def values(database: Database, at: datetime) -> dict[str, float]:
    with database.read() as connection:
        return {each.name: each.values[()] for each in report_figures(connection, at)}


def test_without_reports_everything_is_zero(database: Database) -> None:
    assert values(database, DUE) == dict.fromkeys((OVERDUE, PENDING, OLDEST, FAILED), 0)


def test_what_nobody_plans_and_what_nobody_sends_is_seen(database: Database) -> None:
    furnish(database)
    declare(database, daily(to={"email": ["ana@acme.example"]}))
    assert values(database, DUE)[OVERDUE] == 0
    late = DUE + timedelta(minutes=5)
    assert values(database, late) == {OVERDUE: 300, PENDING: 0, OLDEST: 0, FAILED: 0}
    with database.transaction() as session:
        set_suspended(session, ACTOR, UUID(ACME), DUE, suspended=True)
    assert values(database, late)[OVERDUE] == 0, "nothing is planned for these"
    with database.transaction() as session:
        set_suspended(session, ACTOR, UUID(ACME), DUE, suspended=False)
    plan_due(database, late)
    assert values(database, late) == {OVERDUE: 0, PENDING: 1, OLDEST: 300, FAILED: 0}


def test_what_was_given_up_is_seen_for_a_day(database: Database) -> None:
    furnish(database)
    declare(database, daily(to={"email": ["ana@acme.example"]}))
    plan_due(database, DUE)
    with database.transaction() as session:
        session.execute(update(ReportRun).values(status="failed", finished_at=DUE))
    expected = {OVERDUE: 0, PENDING: 0, OLDEST: 0, FAILED: 1}
    assert values(database, DUE + timedelta(hours=1)) == expected
    assert values(database, NEXT - timedelta(minutes=1))[FAILED] == 1
    assert values(database, NEXT + timedelta(minutes=1))[FAILED] == 0
