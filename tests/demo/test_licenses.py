"""The demo's plans are as if they had been used for months, and their counts hold."""

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from bursar.cli.demo import prepare_demo
from bursar.database.engine import Database
from bursar.demo.assignments import NEWCOMERS
from bursar.demo.manifest import demo_manifest
from bursar.subscriptions.checks import check_subscriptions
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LicenseStatus
from tests.demo.conftest import NOW

PLANS = demo_manifest(NOW)["enterprises"][0]["subscription_plans"]


def licenses(database: Database) -> list[Any]:
    statement = select(*License.__table__.c).order_by(License.uuid)
    with database.read() as connection:
        return list(connection.execute(statement))


def test_both_plans_of_acme_have_licenses_in_every_state(database: Database) -> None:
    by_plan = defaultdict[UUID, Counter[str]](Counter)
    for row in licenses(database):
        by_plan[row.plan_uuid][row.status] += 1
    for plan in PLANS:
        found = by_plan[UUID(plan["uuid"])]
        assert set(found) == set(LicenseStatus)
        assert found.total() - found["revoked"] == plan["num_licenses"]


def test_the_counts_hold(database: Database) -> None:
    with database.transaction() as session:
        assert list(check_subscriptions(session)) == []


def test_learners_came_while_their_plan_ran(database: Database) -> None:
    ranges = {
        UUID(plan["uuid"]): (plan["start_date"], min(plan["expiration_date"], f"{NOW:%FT%TZ}"))
        for plan in PLANS
    }
    for row in licenses(database):
        dates = (row.assigned_at, row.activated_at, row.revoked_at)
        known = [f"{date:%FT%TZ}" for date in dates if date is not None]
        assert known == sorted(known)
        if known:
            start, end = ranges[row.plan_uuid]
            assert start < known[0]
            assert known[-1] < end


def test_learners_are_known_by_their_accounts_but_for_the_newcomers(database: Database) -> None:
    strangers = {
        row.user_email for row in licenses(database) if row.user_email and not row.lms_user_id
    }
    assert strangers == set(NEWCOMERS)


def test_a_later_start_adds_nothing(database: Database) -> None:
    before = licenses(database)
    prepare_demo(database, NOW + timedelta(days=2))
    assert licenses(database) == before
