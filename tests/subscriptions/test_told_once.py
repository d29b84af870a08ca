"""What is told once of plans: that few licenses are left, and that they end soon."""

from datetime import datetime

from sqlalchemy import select

from bursar import clock
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.events.models import EventRecord
from bursar.subscriptions.plans import tasks
from bursar.subscriptions.plans.service import show_plan
from bursar.subscriptions.renewals.tasks import process_renewals
from testing.worlds import subscriptions as world
from testing.worlds.subscriptions import NEXT_PLAN, PLAN, assign, change, days, emails, renewal

LOW = "plan.seats_low"


def told(database: Database, *types: str) -> list[AnyRow]:
    table = EventRecord.__table__
    statement = select(table).where(table.c.type.in_(types)).order_by(table.c.id)
    with database.read() as connection:
        return list(connection.execute(statement))


def test_it_is_told_when_less_than_a_tenth_is_left(acme: Database) -> None:
    with acme.transaction() as session:
        assign(session, emails(90))
    assert told(acme, LOW) == []  # exactly a tenth is left
    with acme.transaction() as session:
        assign(session, emails(91))
        shown = show_plan(session.connection(), PLAN, at=world.NOW)
    (event,) = told(acme, LOW)
    assert (event.object_type, event.object_id) == ("subscription_plan", str(PLAN))
    assert event.data["licenses"] == {
        "activated": 0, "assigned": 91, "unassigned": 9, "revoked": 0, "total": 100,
        "allocated": 91,
    }  # fmt: skip
    assert event.data["title"] == shown.title
    with acme.transaction() as session:
        assign(session, emails(100))
    assert len(told(acme, LOW)) == 1


def test_it_is_told_again_after_there_were_more(acme: Database) -> None:
    with acme.transaction() as session:
        assign(session, emails(95))
        world.revoke(session, emails(5))
    assert len(told(acme, LOW)) == 1
    with acme.transaction() as session:
        assign(session, emails(6, "other"))
    assert len(told(acme, LOW)) == 2


def test_the_operator_can_make_a_plan_low(acme: Database) -> None:
    with acme.transaction() as session:
        assign(session, emails(50))
        change(session, num_licenses=60)
    assert told(acme, LOW) == []
    with acme.transaction() as session:
        change(session, num_licenses=55)
    assert [event.data["licenses"]["total"] for event in told(acme, LOW)] == [55]
    with acme.transaction() as session:
        change(session, num_licenses=54)
        change(session, title="Renamed")
    assert len(told(acme, LOW)) == 1
    changed = told(acme, "plan.changed", LOW)
    assert [event.version for event in changed] == [2, 3, 4, 5, 6]


def test_a_plan_that_follows_can_be_low_at_once(acme: Database) -> None:
    with acme.transaction() as session:
        assign(session, emails(95))
        change(session, renewals=[renewal()])
    with clock.frozen_at(days(11)):
        assert process_renewals(acme)["copied"] == 95
    assert [event.object_id for event in told(acme, LOW)] == [str(PLAN), str(NEXT_PLAN)]


def tell(database: Database, instant: datetime) -> int:
    with clock.frozen_at(instant):
        return tasks.tell_expiring(database)["expiring"]


def test_it_is_told_thirty_and_seven_days_before_the_end(acme: Database) -> None:
    assert tell(acme, days(269.9)) == 0
    assert [tell(acme, days(day)) for day in (270, 271, 292.9, 293, 299.9, 300, 301)] == [
        1, 0, 0, 1, 0, 0, 0,
    ]  # fmt: skip
    events = told(acme, "plan.expiring")
    assert [event.data["days_until_expiration"] for event in events] == [30, 7]
    assert {event.actor for event in events} == {"task:tell-expiring-plans"}


def test_a_plan_with_a_renewal_does_not_expire(acme: Database) -> None:
    with acme.transaction() as session:
        change(session, renewals=[renewal(effective_date=days(300))])
    assert tell(acme, days(299)) == 0


def test_an_end_that_is_moved_is_another_end(acme: Database) -> None:
    assert tell(acme, days(299)) == 1
    with acme.transaction() as session:
        change(session, expiration_date=days(320))
    assert (tell(acme, days(299)), tell(acme, days(314))) == (1, 1)
