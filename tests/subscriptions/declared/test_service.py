"""Plans as operators declare them."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from bursar import clock
from bursar.database.engine import Database
from bursar.subscriptions.checks import check_subscriptions
from bursar.subscriptions.declared.commands import PlanFields, PutPlan
from bursar.subscriptions.declared.refusals import PlanRefused
from bursar.subscriptions.declared.service import list_declared, put_plan
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan
from bursar.subscriptions.renewals.tasks import process_renewals
from testing.worlds.subscriptions import (
    ACTOR,
    CATALOG,
    ENTERPRISE,
    NEXT_PLAN,
    NOW,
    OTHER_CATALOG,
    OTHER_ENTERPRISE,
    PLAN,
    assign,
    change,
    counts,
    days,
    emails,
    plan,
    renewal,
    revoke,
)


def problems(database: Database, **fields: Any) -> dict[str, str]:
    with database.transaction() as session:
        before = [each.modified_at for each in list_declared(session, ENTERPRISE)]
    with pytest.raises(PlanRefused) as caught, database.transaction() as session:
        change(session, now=days(1), **fields)
    with database.transaction() as session:
        assert [each.modified_at for each in list_declared(session, ENTERPRISE)] == before
    return dict(caught.value.problems)


def test_defaults_fill_a_new_plan_and_absent_fields_stay(acme: Database) -> None:
    new = uuid4()
    with acme.transaction() as session:
        needed: dict[str, Any] = {
            "start_date": days(0),
            "expiration_date": days(1),
            "enterprise_catalog_uuid": CATALOG,
        }
        assert change(session, new, **needed) == "created"
        stored = session.get_one(SubscriptionPlan, new)
        assert (stored.is_active, stored.is_revocation_cap_enabled) == (True, False)
        assert (stored.revoke_max_percentage, stored.should_auto_apply_licenses) == (5, False)
        assert counts(session, new) == (0, 0, 0, 0)
        assert change(session, new, is_active=False, revoke_max_percentage=7) == "changed"
        assert change(session, new, **needed) == "unchanged"
        assert (stored.is_active, stored.revoke_max_percentage) == (False, 7)
        assert change(session, new, revoke_max_percentage=None) == "changed"
        assert stored.revoke_max_percentage == 5


def test_the_size_follows_the_declaration_both_ways(acme: Database) -> None:
    with acme.transaction() as session:
        assign(session, emails(3))
        revoke(session, emails(1))
        assert change(session, num_licenses=100) == "unchanged"
        assert change(session, num_licenses=120) == "changed"
        assert counts(session) == (118, 2, 0, 1)
        assert change(session, num_licenses=2) == "changed"
        assert counts(session) == (0, 2, 0, 1)
    assert problems(acme, num_licenses=1) == {"num_licenses": "2 licenses are in use"}


def test_every_problem_is_named_at_once(acme: Database) -> None:
    assert problems(
        acme,
        start_date=days(400),
        enterprise_catalog_uuid=OTHER_CATALOG,
        renewals=[renewal(effective_date=days(9), renewed_expiration_date=days(9))],
    ) == {
        "expiration_date": "must be later than start_date",
        "enterprise_catalog_uuid": "no such catalog",
        "renewals[0].renewed_expiration_date": "must be later than effective_date",
    }
    assert problems(acme, start_date=None) == {"start_date": "required"}


def test_a_new_plan_needs_its_dates_and_a_catalog(acme: Database) -> None:
    with pytest.raises(PlanRefused) as caught, acme.transaction() as session:
        change(session, uuid4(), title="x")
    assert dict(caught.value.problems) == dict.fromkeys(
        ("start_date", "expiration_date", "enterprise_catalog_uuid"), "required"
    )


def test_a_plan_stays_with_its_enterprise(acme: Database) -> None:
    with pytest.raises(PlanRefused, match="another enterprise"), acme.transaction() as session:
        put_plan(session, ACTOR, PutPlan(OTHER_ENTERPRISE, PLAN, {"title": "mine"}), at=NOW)


class TestRenewals:
    def test_a_renewal_is_entered_once_and_can_be_changed_before_its_day(
        self, acme: Database
    ) -> None:
        with acme.transaction() as session:
            assert change(session, renewals=[renewal()]) == "changed"
            assert change(session, renewals=[renewal()]) == "unchanged"
            assert change(session, renewals=[]) == "unchanged"
            assert change(session, renewals=[renewal(number_of_licenses=7)]) == "changed"
            (declared,) = list_declared(session, ENTERPRISE)
            assert declared.num_licenses == 100
            assert [each.number_of_licenses for each in declared.renewals] == [7]
        with clock.frozen_at(days(10)):
            process_renewals(acme)
        with acme.transaction() as session:
            assert change(session, renewals=[renewal(number_of_licenses=7)]) == "unchanged"
        assert problems(acme, renewals=[renewal(number_of_licenses=8)]) == {
            "renewals[0].number_of_licenses": "the renewal is processed and cannot be changed"
        }

    def test_a_plan_is_renewed_once(self, acme: Database) -> None:
        assert set(problems(acme, renewals=[renewal(), renewal(uuid=uuid4())])) == {"renewals[1]"}
        with acme.transaction() as session:
            change(session, renewals=[renewal()])
        assert set(problems(acme, renewals=[renewal(uuid=uuid4())])) == {"renewals[0].uuid"}

    def test_two_plans_cannot_be_renewed_into_one(self, acme: Database) -> None:
        with acme.transaction() as session:
            plan(session, uuid4(), renewals=[renewal()])
        assert set(problems(acme, renewals=[renewal()])) == {"renewals[0].uuid"}

    def test_no_plan_follows_itself(self, acme: Database) -> None:
        assert set(problems(acme, renewals=[renewal(uuid=PLAN)])) == {"renewals[0].uuid"}
        with acme.transaction() as session:
            plan(session, NEXT_PLAN, renewals=[renewal(uuid=PLAN)])
        assert set(problems(acme, renewals=[renewal()])) == {"renewals[0].uuid"}

    def test_it_leads_to_no_other_enterprise(self, acme: Database) -> None:
        with acme.transaction() as session:
            fields: PlanFields = {
                "start_date": days(0),
                "expiration_date": days(1),
                "enterprise_catalog_uuid": OTHER_CATALOG,
            }
            put_plan(session, ACTOR, PutPlan(OTHER_ENTERPRISE, NEXT_PLAN, fields), at=NOW)
        assert set(problems(acme, renewals=[renewal()])) == {"renewals[0].uuid"}


class TestChecks:
    def test_good_books_are_passed_in_silence(self, acme: Database) -> None:
        with acme.transaction() as session:
            assign(session, emails(3))
            assert list(check_subscriptions(session)) == []

    @pytest.mark.parametrize(
        "name", ["unassigned_count", "assigned_count", "activated_count", "revoked_count"]
    )
    def test_a_wrong_count_is_told_with_the_right_one(self, acme: Database, name: str) -> None:
        with acme.transaction() as session:
            session.execute(
                update(SubscriptionPlan).values({name: getattr(SubscriptionPlan, name) + 3})
            )
            (line,) = check_subscriptions(session)
            assert str(PLAN) in line
            assert name in line

    def test_strangers_are_found(self, acme: Database) -> None:
        with acme.transaction() as session:
            plan(session, NEXT_PLAN, num_licenses=0)
            change(session, num_licenses=1, renewals=[renewal()])
            session.execute(update(License).values(enterprise_uuid=OTHER_ENTERPRISE))
            session.execute(update(PlanRenewal).values(enterprise_uuid=OTHER_ENTERPRISE))
            lines = list(check_subscriptions(session))
            assert [line.partition(":")[0] for line in lines] == [
                "licenses",
                "plan_renewals",
                "plan_renewals",
            ]
