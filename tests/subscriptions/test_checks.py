"""The check that the tests of seats rely on finds what is wrong."""

from sqlalchemy import delete, update

from bursar.database.engine import Database
from bursar.subscriptions.checks import check_subscriptions
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.plans.models import SubscriptionPlan
from testing.worlds.subscriptions import OTHER_CATALOG, PLAN, activate, assign, emails, revoke


def problems(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(check_subscriptions(session))


def test_seats_that_add_up_are_not_reported(acme: Database) -> None:
    people = emails(3)
    with acme.transaction() as session:
        assign(session, people)
        activate(session, people[:2])
        revoke(session, people[:1])
    assert problems(acme) == []


def test_each_count_that_is_wrong_is_named(acme: Database) -> None:
    people = emails(2)
    with acme.transaction() as session:
        assign(session, people)
        activate(session, people[:1])
    with acme.transaction() as session:
        session.execute(
            update(SubscriptionPlan).values(
                assigned_count=SubscriptionPlan.assigned_count + 1,
                activated_count=SubscriptionPlan.activated_count - 1,
            )
        )
    assert problems(acme) == [
        f"subscription_plans: {PLAN}: assigned_count is 2, not 1",
        f"subscription_plans: {PLAN}: activated_count is 0, not 1",
    ]


def test_a_plan_without_any_license_must_count_none(acme: Database) -> None:
    with acme.transaction() as session:
        session.execute(delete(License))
    assert problems(acme) == [f"subscription_plans: {PLAN}: unassigned_count is 100, not 0"]


def test_a_catalog_of_another_enterprise_is_named(acme: Database) -> None:
    with acme.transaction() as session:
        session.execute(update(SubscriptionPlan).values(enterprise_catalog_uuid=OTHER_CATALOG))
    assert problems(acme) == [f"subscription_plans: {PLAN}: with a catalog of another enterprise"]
