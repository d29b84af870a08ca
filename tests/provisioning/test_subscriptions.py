from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.provisioning.apply import apply
from bursar.provisioning.export import export, to_yaml
from bursar.provisioning.manifest import ManifestError, from_data
from bursar.provisioning.plan import Plan
from bursar.provisioning.reading import parse_data
from bursar.subscriptions.checks import check_subscriptions
from bursar.subscriptions.licenses.commands import AssignLicenses
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.service import assign
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 2, tzinfo=UTC)
ACTOR = Actor("bursar apply")
ACME = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"
GLOBEX = "00000000-0000-4000-8000-000000000001"
CATALOG = "101989c0-5dfa-4e0b-91dc-01f590148c6f"
FOREIGN_CATALOG = "101989c0-5dfa-4e0b-91dc-01f590148c70"
PLAN = "904b1785-9d3a-4000-848d-6ae7a56e6355"
NEXT = "904b1785-9d3a-4000-848d-6ae7a56e6356"
THIRD = "904b1785-9d3a-4000-848d-6ae7a56e6357"
ANA = "ana@acme.example"

Values = dict[str, Any]


def plan(**fields: Any) -> Values:
    return {
        "uuid": PLAN,
        "title": "Subscription 2026",
        "start_date": "2026-01-01T00:00:00Z",
        "expiration_date": "2027-01-01T00:00:00Z",
        "enterprise_catalog_uuid": CATALOG,
        "num_licenses": 5,
    } | fields


def renewal(**fields: Any) -> Values:
    return {
        "uuid": NEXT,
        "title": "Subscription 2027",
        "effective_date": "2027-01-01T00:00:00Z",
        "renewed_expiration_date": "2028-01-01T00:00:00Z",
        "number_of_licenses": 7,
    } | fields


def acme(*plans: Values, **parts: Any) -> Values:
    named = {"uuid": ACME, "name": "Acme", "slug": "acme", "subscription_plans": list(plans)}
    return named | parts


def globex(*plans: Values) -> Values:
    catalogs = [{"uuid": FOREIGN_CATALOG, "title": "Theirs"}]
    named = {"uuid": GLOBEX, "name": "Globex", "slug": "globex", "catalogs": catalogs}
    return named | {"subscription_plans": list(plans)}


def whole(*plans: Values, **parts: Any) -> Values:
    return acme(*(plans or (plan(),)), catalogs=[{"uuid": CATALOG, "title": "All"}], **parts)


def applied(database: Database, *enterprises: Values, now: datetime = NOW) -> Plan:
    with database.transaction() as session:
        done = apply(session, ACTOR, [from_data({"enterprises": list(enterprises)})], now=now)
    with database.transaction() as session:
        assert list(check_subscriptions(session)) == []
    return done


def problems_of(database: Database, *enterprises: Values) -> list[str]:
    events = count(database, EventRecord)
    with pytest.raises(ManifestError) as caught:
        applied(database, *enterprises)
    assert count(database, EventRecord) == events
    return caught.value.problems


def count(database: Database, model: Any) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0


def stored(database: Database, uuid: str = PLAN) -> SubscriptionPlan:
    with database.transaction() as session:
        return session.get_one(SubscriptionPlan, UUID(uuid))


def give(database: Database, *emails: str) -> None:
    """Licenses of the plan."""
    with database.transaction() as session:
        assign(
            session, ACTOR, AssignLicenses(UUID(ACME), UUID(PLAN), dict.fromkeys(emails)), at=NOW
        )


def test_a_plan_is_stored_with_its_licenses_and_a_second_run_changes_nothing(
    database: Database,
) -> None:
    manifest = whole(plan(renewals=[renewal()]))

    first = applied(database, manifest)
    events = count(database, EventRecord)
    second = applied(database, manifest, now=LATER)

    assert first.lines[-1] == f"+ subscription plan {PLAN} of acme"
    assert first.summary == "3 created, 0 changed, 0 unchanged"
    assert second.summary == "0 created, 0 changed, 3 unchanged"
    assert count(database, EventRecord) == events
    assert (count(database, License), count(database, PlanRenewal)) == (5, 1)
    assert stored(database).modified_at == NOW


def test_what_is_not_said_has_its_default(database: Database) -> None:
    bare = plan()
    del bare["title"], bare["num_licenses"]

    applied(database, whole(bare))

    made = stored(database)
    assert (made.title, made.is_active, made.unassigned_count) == ("", True, 0)
    assert (made.is_revocation_cap_enabled, made.revoke_max_percentage) == (False, 5)
    assert made.should_auto_apply_licenses is made.is_locked_for_renewal_processing is False


def test_an_absent_key_stays(database: Database) -> None:
    applied(database, whole(plan(revoke_max_percentage=50, is_active=False)))

    assert applied(database, acme({"uuid": PLAN})).summary == "0 created, 0 changed, 2 unchanged"
    changed = applied(database, acme({"uuid": PLAN, "title": "", "num_licenses": 6}))

    assert changed.lines == [f"~ subscription plan {PLAN} of acme"]
    found = stored(database)
    assert (found.title, found.revoke_max_percentage, found.is_active) == ("", 50, False)
    assert found.unassigned_count == 6


def test_the_number_of_licenses_follows_down_to_those_in_use(database: Database) -> None:
    applied(database, whole())
    give(database, ANA, "bob@acme.example")

    assert applied(database, acme(plan(num_licenses=9))).changed == 1
    assert applied(database, acme(plan(num_licenses=2))).changed == 1
    assert problems_of(database, acme(plan(num_licenses=1))) == [
        "enterprises[0].subscription_plans[0].num_licenses: 2 licenses are in use"
    ]
    found = stored(database)
    assert (found.unassigned_count, found.assigned_count) == (0, 2)


def test_what_is_new_needs_its_essentials_and_every_lack_is_named(database: Database) -> None:
    assert problems_of(database, whole(plan(), {"uuid": THIRD}, {"uuid": NEXT, "title": "x"})) == [
        f"enterprises[0].subscription_plans[{index}].{name}: required"
        for index in (1, 2)
        for name in ("start_date", "expiration_date", "enterprise_catalog_uuid")
    ]
    assert count(database, SubscriptionPlan) == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"start_date": "2027-06-01"}, "expiration_date: must be later than start_date"),
        ({"expiration_date": "2025-01-01"}, "expiration_date: must be later than start_date"),
        ({"start_date": None}, "start_date: required"),
        ({"enterprise_catalog_uuid": None}, "enterprise_catalog_uuid: required"),
        ({"enterprise_catalog_uuid": THIRD}, "enterprise_catalog_uuid: no such catalog"),
        ({"enterprise_catalog_uuid": FOREIGN_CATALOG}, "enterprise_catalog_uuid: no such catalog"),
    ],
)
def test_a_change_must_fit_what_is_stored(
    database: Database, change: Values, expected: str
) -> None:
    applied(database, globex(), whole())

    assert problems_of(database, acme({"uuid": PLAN} | change)) == [
        f"enterprises[0].subscription_plans[0].{expected}"
    ]


def test_a_plan_stays_with_its_enterprise(database: Database) -> None:
    applied(database, whole())

    assert problems_of(database, globex(plan(enterprise_catalog_uuid=FOREIGN_CATALOG))) == [
        "enterprises[0].subscription_plans[0].uuid: belongs to another enterprise"
    ]


def test_a_renewal_can_be_changed_before_its_day(database: Database) -> None:
    applied(database, whole(plan(renewals=[renewal()])))

    more = acme({"uuid": PLAN, "renewals": [renewal(number_of_licenses=8)]})
    assert applied(database, more).changed == 1
    assert applied(database, more).changed == 0
    assert applied(database, acme({"uuid": PLAN, "renewals": None})).changed == 0
    assert count(database, PlanRenewal) == 1


@pytest.mark.parametrize(
    ("renewals", "expected"),
    [
        ([renewal(), renewal(uuid=THIRD)], "renewals[1]: a plan is renewed once"),
        ([renewal(uuid=PLAN)], "renewals[0].uuid: a plan cannot follow itself"),
        (
            [renewal(uuid=THIRD)],
            f"renewals[0].uuid: the plan is renewed into {NEXT} already",
        ),
    ],
)
def test_a_plan_is_renewed_once_and_into_another(
    database: Database, renewals: list[Values], expected: str
) -> None:
    is_second = renewals[0]["uuid"] == THIRD
    applied(database, whole(plan(renewals=[renewal()] if is_second else [])))

    assert problems_of(database, acme({"uuid": PLAN, "renewals": renewals})) == [
        f"enterprises[0].subscription_plans[0].{expected}"
    ]


def test_a_plan_that_follows_may_be_declared_by_itself_but_follows_one(database: Database) -> None:
    following = plan(uuid=NEXT, start_date="2027-01-01", expiration_date="2028-01-01")
    applied(database, whole(plan(renewals=[renewal()]), following))
    rival = plan(uuid=THIRD, renewals=[renewal()])

    assert problems_of(database, acme(rival)) == [
        f"enterprises[0].subscription_plans[0].renewals[0].uuid: follows the plan {PLAN} already"
    ]


def test_problems_of_credit_and_subscriptions_are_told_together(database: Database) -> None:
    manifest = whole({"uuid": PLAN}, subsidies=[{"uuid": THIRD}])

    places = {line.rpartition(".")[0] for line in problems_of(database, manifest)}

    assert places == {"enterprises[0].subsidies[0]", "enterprises[0].subscription_plans[0]"}


def test_licenses_find_the_account_of_a_learner_who_becomes_known(database: Database) -> None:
    applied(database, whole())
    give(database, ANA)

    applied(database, acme(learners=[{"email": ANA.title(), "lms_user_id": 501}]))

    with database.read() as connection:
        accounts = connection.scalars(select(License.lms_user_id).where(License.user_email == ANA))
        assert accounts.all() == [501]


def test_every_change_leaves_a_row_in_the_audit_trail(database: Database) -> None:
    applied(database, whole())
    applied(database, acme({"uuid": PLAN, "is_active": False, "num_licenses": 6}))

    with database.read() as connection:
        rows = connection.execute(
            select(EventRecord.type, EventRecord.version, EventRecord.changes, EventRecord.data)
            .where(EventRecord.object_type == "subscription_plan")
            .order_by(EventRecord.id)
        ).all()
    assert [(row.type, row.version) for row in rows] == [("plan.created", 1), ("plan.changed", 2)]
    assert rows[0].changes["title"] == [None, plan()["title"]]
    assert rows[1].changes == {
        "is_active": [True, False],
        "num_licenses": [plan()["num_licenses"], 6],
    }
    assert rows[1].data is not None
    assert (rows[1].data["uuid"], rows[1].data["licenses"]["total"]) == (PLAN, 6)


def test_an_export_holds_everything_and_applied_again_changes_nothing(database: Database) -> None:
    settings = {
        "is_active": False,
        "is_revocation_cap_enabled": True,
        "revoke_max_percentage": 12,
        "should_auto_apply_licenses": True,
        "is_locked_for_renewal_processing": True,
    }
    declared = plan(renewals=[renewal()], **settings)
    applied(database, whole(declared, plan(uuid=THIRD)))

    with database.transaction() as session:
        written = export(session, UUID(ACME))
    again = parse_data(to_yaml(written))

    by_uuid = {each["uuid"]: each for each in written["enterprises"][0]["subscription_plans"]}
    assert by_uuid[PLAN] == declared
    assert "renewals" not in by_uuid[THIRD]
    with database.transaction() as session:
        done = apply(session, ACTOR, [from_data(again)], now=LATER)
    assert done.summary == "0 created, 0 changed, 4 unchanged"
    assert stored(database).modified_at == NOW


def test_an_export_after_learners_hold_licenses_still_changes_nothing(database: Database) -> None:
    applied(database, whole())
    give(database, ANA)

    with database.transaction() as session:
        written = export(session, UUID(ACME))

    assert written["enterprises"][0]["subscription_plans"][0]["num_licenses"] == 5
    assert applied(database, *written["enterprises"]).changed == 0
