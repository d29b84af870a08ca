"""Renewals and ends of plans on 29 February and over changes of clocks."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bursar import clock
from bursar.clock import parse_instant
from bursar.database.engine import Database
from bursar.enrollment.gateway import EmbeddedGateway
from bursar.subscriptions.endings.tasks import expire_plans
from bursar.subscriptions.plans.models import SubscriptionPlan
from bursar.subscriptions.renewals.tasks import process_renewals
from testing.worlds.subscriptions import NEXT_PLAN, assign, change, counts, emails, renewal

MOMENT = timedelta(microseconds=1)


@pytest.fixture(params=["UTC", "America/New_York"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def process(database: Database, at: datetime) -> int:
    with clock.frozen_at(at):
        return process_renewals(database)["processed"]


def expire(database: Database, at: datetime) -> int:
    with clock.frozen_at(at):
        return expire_plans(database, EmbeddedGateway())["expired"]


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    ("due", "renewed"),
    [
        ("2028-02-29T00:00:00Z", "2029-02-28T00:00:00Z"),
        ("2027-03-14T07:00:00Z", "2028-02-29T23:59:59Z"),
        ("2027-11-07T06:00:00Z", "2028-11-05T06:00:00Z"),
    ],
)
def test_a_renewal_is_processed_at_its_instant_and_the_next_plan_ends_at_its_own(
    acme: Database, due: str, renewed: str
) -> None:
    at, end = parse_instant(due), parse_instant(renewed)
    with acme.transaction() as session:
        change(session, expiration_date=at)
        assign(session, emails(2))
        change(session, renewals=[renewal(effective_date=at, renewed_expiration_date=end)])
    assert process(acme, at - MOMENT) == 0
    assert process(acme, at) == 1
    assert process(acme, at) == 0
    with acme.transaction() as session:
        assert counts(session, NEXT_PLAN) == (98, 2, 0, 0)
        statement = select(SubscriptionPlan.start_date, SubscriptionPlan.expiration_date)
        found = session.execute(statement.where(SubscriptionPlan.uuid == NEXT_PLAN)).one()
        assert tuple(found) == (at, end)
    assert expire(acme, end - MOMENT) == 0
    assert expire(acme, end) == 1
