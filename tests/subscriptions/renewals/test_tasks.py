"""Renewals: the learners keep their licenses in the plan that follows."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from bursar import clock
from bursar.database.engine import Database
from bursar.subscriptions.declared.commands import PlanFields, PutPlan
from bursar.subscriptions.declared.service import put_plan
from bursar.subscriptions.plans.locking import lock_plans
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan
from bursar.subscriptions.renewals import service
from bursar.subscriptions.renewals.tasks import TASKS, process_renewals
from testing.databases.locks import somebody_waits
from testing.waiting import wait_until
from testing.worlds.subscriptions import (
    ACTOR,
    NEXT_PLAN,
    NOW,
    OTHER_CATALOG,
    OTHER_ENTERPRISE,
    PLAN,
    activate,
    assign,
    change,
    counts,
    days,
    emails,
    licenses_of,
    plan,
    published,
    renewal,
    revoke,
)


def process(database: Database, day: float = 10) -> dict[str, int]:
    with clock.frozen_at(days(day)):
        return dict(process_renewals(database))


def renew(database: Database, **fields: Any) -> None:
    with database.transaction() as session:
        change(session, renewals=[renewal(**fields)])


def find_plan(database: Database, uuid: object = NEXT_PLAN) -> Any:
    with database.read() as connection:
        statement = select(SubscriptionPlan.__table__).where(SubscriptionPlan.uuid == uuid)
        return connection.execute(statement).first()


def is_needed(database: Database, day: float) -> bool:
    [task] = TASKS
    assert task.is_needed is not None
    with clock.frozen_at(days(day)):
        return task.is_needed(database)


def test_the_task_is_needed_while_a_renewal_is_due(acme: Database) -> None:
    assert not is_needed(acme, 10)
    renew(acme, number_of_licenses=30)
    assert (is_needed(acme, 9.9), is_needed(acme, 10)) == (False, True)
    process(acme)
    assert not is_needed(acme, 10)


@pytest.mark.parametrize("batch", [2, 10_000])
def test_licenses_in_use_are_copied_on_the_day(
    acme: Database, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(service, "BATCH", batch)
    with acme.transaction() as session:
        change(session, is_revocation_cap_enabled=True, should_auto_apply_licenses=True)
        assign(session, emails(5))
        activate(session, emails(2))
        revoke(session, emails(5)[4:])
    renew(acme, number_of_licenses=30)
    assert process(acme, 9.9) == {"processed": 0, "copied": 0, "refused": 0}
    assert find_plan(acme) is None
    assert process(acme) == {"processed": 1, "copied": 4, "refused": 0}
    assert process(acme) == {"processed": 0, "copied": 0, "refused": 0}
    following = find_plan(acme)
    assert (following.start_date, following.expiration_date) == (days(10), days(375))
    assert (following.title, following.should_auto_apply_licenses) == ("Next", True)
    with acme.transaction() as session:
        assert counts(session) == (96, 2, 2, 1)
        assert counts(session, NEXT_PLAN) == (26, 2, 2, 0)
        before = {
            each.user_email: each for each in licenses_of(session, PLAN, "assigned", "activated")
        }
        for each in licenses_of(session, NEXT_PLAN, "assigned", "activated"):
            prior = before[each.user_email]
            assert each.renewed_from_uuid == prior.uuid
            assert (each.status, each.activated_at) == (prior.status, prior.activated_at)
        renewed = {str(each.uuid): each for each in licenses_of(session, NEXT_PLAN)}
    told = published(acme, "license.renewed")
    assert len(told) == 4
    for record in told:
        license_ = renewed[record.object_id]
        assert record.data is not None
        assert record.data["status"] == license_.status
        assert record.data["subscription_plan_uuid"] == str(NEXT_PLAN)
        assert record.changes == {
            "status": ["unassigned", license_.status],
            "user_email": [None, license_.user_email],
        }
    (made,) = (each for each in published(acme, "plan.created") if each.object_id != str(PLAN))
    assert (made.object_id, made.changes["title"]) == (str(NEXT_PLAN), [None, "Next"])
    (done,) = published(acme, "plan.renewed")
    assert done.changes == {"renewed_plan_uuid": [None, str(NEXT_PLAN)], "licenses_copied": [0, 4]}


def test_too_few_licenses_are_reported_and_nothing_changes(acme: Database) -> None:
    with acme.transaction() as session:
        assign(session, emails(5))
    renew(acme, number_of_licenses=4)
    assert process(acme) == {"processed": 0, "copied": 0, "refused": 1}
    assert find_plan(acme) is None
    renew(acme, number_of_licenses=5)
    assert process(acme) == {"processed": 1, "copied": 5, "refused": 0}
    with acme.transaction() as session:
        assert counts(session, NEXT_PLAN) == (0, 5, 0, 0)


def test_a_plan_that_exists_already_keeps_its_terms_and_learners(acme: Database) -> None:
    with acme.transaction() as session:
        plan(session, NEXT_PLAN, title="Mine", num_licenses=2)
        assign(session, emails(3))
        assign(session, emails(1), NEXT_PLAN)
    renew(acme, number_of_licenses=3)
    assert process(acme) == {"processed": 1, "copied": 2, "refused": 0}
    assert find_plan(acme).title == "Mine"
    with acme.transaction() as session:
        assert counts(session, NEXT_PLAN) == (0, 3, 0, 0)


def test_strangers_in_the_plan_that_follows_must_leave_room(acme: Database) -> None:
    with acme.transaction() as session:
        plan(session, NEXT_PLAN, num_licenses=4)
        assign(session, emails(3, "stranger"), NEXT_PLAN)
        assign(session, emails(2))
    renew(acme, number_of_licenses=4)
    assert process(acme)["refused"] == 1
    with acme.transaction() as session:
        assert counts(session, NEXT_PLAN) == (1, 3, 0, 0)


def test_a_plan_of_another_enterprise_is_left_alone(acme: Database) -> None:
    renew(acme)
    with acme.transaction() as session:
        fields: PlanFields = {
            "start_date": days(0),
            "expiration_date": days(1),
            "enterprise_catalog_uuid": OTHER_CATALOG,
        }
        put_plan(session, ACTOR, PutPlan(OTHER_ENTERPRISE, NEXT_PLAN, fields), at=NOW)
    assert process(acme)["refused"] == 1


def test_a_chain_is_processed_in_one_run(acme: Database) -> None:
    third = uuid4()
    with acme.transaction() as session:
        plan(session, NEXT_PLAN, num_licenses=0)
        assign(session, emails(2))
        change(session, renewals=[renewal()])
        change(
            session,
            NEXT_PLAN,
            renewals=[
                renewal(uuid=third, effective_date=days(20), renewed_expiration_date=days(500))
            ],
        )
    assert process(acme, 30) == {"processed": 2, "copied": 4, "refused": 0}
    with acme.transaction() as session:
        assert counts(session, third) == (98, 2, 0, 0)
    with acme.read() as connection:
        processed = connection.execute(select(PlanRenewal.processed_at)).scalars().all()
        assert processed == [days(30)] * 2


# On SQLite one transaction writes at a time.
@pytest.mark.parametrize(
    "dialect", [pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
def test_a_renewal_and_one_who_locks_both_plans_do_not_wait_for_each_other(acme: Database) -> None:
    with acme.transaction() as session:
        plan(session, NEXT_PLAN)
        assign(session, emails(2), NEXT_PLAN)
        change(session, NEXT_PLAN, renewals=[renewal(uuid=PLAN)])
    assert PLAN < NEXT_PLAN
    with ThreadPoolExecutor(1) as thread:
        with acme.transaction() as session:
            lock_plans(session, [PLAN])
            renewing = thread.submit(process, acme)
            wait_until(lambda: somebody_waits(acme), "the renewal waits for a plan")
            lock_plans(session, [NEXT_PLAN])
        assert renewing.result() == {"processed": 1, "copied": 2, "refused": 0}
