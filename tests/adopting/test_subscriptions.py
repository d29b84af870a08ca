"""Plans, licenses and renewals of license-manager."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan
from testing.worlds.open_edx import Customer, Dump, founded
from tests.adopting.moving import Moving, texts

KEY = uuid4()
LATER = "2024-06-01T00:00:00Z"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_every_state_is_kept_with_its_dates(moving: Moving) -> None:
    acme = founded()
    plan = acme.plan(should_auto_apply_licenses=True)
    free = acme.license(plan, "unassigned")
    assigned = acme.license(
        plan, "assigned", "Ana@acme.example", lms_user_id=501, activation_key=str(KEY)
    )
    activated = acme.license(plan, "activated", "ben@acme.example")
    revoked = acme.license(
        plan, "revoked", "cy@acme.example", activation_date="2026-02-02T00:00:00Z"
    )
    old = acme.license(plan, "deactivated", "dee@acme.example", revoked_date=None)

    result = moving.adopt_one(acme.dump)

    rows = {row["uuid"]: row for row in moving.rows(License)}
    assert {uuid: rows[uuid]["status"] for uuid in (free, assigned, activated, revoked, old)} == {
        free: "unassigned",
        assigned: "assigned",
        activated: "activated",
        revoked: "revoked",
        old: "revoked",
    }
    assert rows[assigned]["user_email"] == "ana@acme.example"
    assert rows[assigned]["lms_user_id"] == 501
    assert rows[assigned]["activation_key"] == KEY
    assert rows[assigned]["assigned_at"] == at("2026-02-01")
    assert rows[activated]["activated_at"] == at("2026-02-02")
    assert rows[revoked]["revoked_at"] == at("2026-02-04")
    assert rows[revoked]["activated_at"] == at("2026-02-02")
    assert rows[old]["revoked_at"] == at("2024-05-06T07:08:09.123")
    assert rows[free]["created_at"] == at("2021-03-01T08:00:00")
    (stored,) = moving.rows(SubscriptionPlan)
    assert stored["uuid"] == plan
    assert stored["should_auto_apply_licenses"]
    assert stored["revoked_activated_count"] == 1
    assert {(total.state, total.theirs) for total in result.run.totals} == {
        ("unassigned", 1),
        ("assigned", 1),
        ("activated", 1),
        ("revoked", 2),
    }


def test_the_same_dump_changes_nothing(moving: Moving) -> None:
    acme = founded()
    acme.license(acme.plan(), "activated", "ana@acme.example")
    moving.adopt_one(acme.dump)
    before = moving.counts()
    result = moving.adopt_one(acme.dump)
    assert (result.run.tally.total("created"), result.run.tally.total("changed")) == (0, 0)
    assert moving.counts() == before


def test_a_later_dump_brings_it_up_to_date(moving: Moving) -> None:
    """Also by ways that no license goes here: reset to unassigned, and given to somebody else."""
    acme = founded()
    plan = acme.plan()
    uuids = [acme.license(plan, "assigned", f"{name}@acme.example") for name in ("ana", "ben")]
    free = acme.license(plan, "unassigned")
    moving.adopt_one(acme.dump)
    fields = [acme.dump.find("subscriptions.license", uuid) for uuid in (*uuids, free)]
    fields[0] |= {"status": "unassigned", "user_email": None, "modified": LATER}
    fields[1] |= {"user_email": "ana@acme.example", "modified": LATER}
    activation = {"status": "activated", "activation_date": LATER, "modified": LATER}
    fields[2] |= activation | {"user_email": "ben@acme.example", "assigned_date": LATER}

    result = moving.adopt_one(acme.dump)

    held = {row["uuid"]: (row["status"], row["user_email"]) for row in moving.rows(License)}
    assert held == {
        uuids[0]: ("unassigned", None),
        uuids[1]: ("assigned", "ana@acme.example"),
        free: ("activated", "ben@acme.example"),
    }
    assert result.run.tally.counts["licenses", "changed"] == 3


def test_what_was_changed_here_later_stays(moving: Moving) -> None:
    acme = founded()
    uuid = acme.license(acme.plan(), "assigned", "ana@acme.example", modified=LATER)
    moving.adopt_one(acme.dump)
    acme.dump.find("subscriptions.license", uuid).update(
        modified="2024-05-31T00:00:00Z", user_email="ben@acme.example"
    )
    result = moving.adopt_one(acme.dump)
    assert [row["user_email"] for row in moving.rows(License)] == ["ana@acme.example"]
    assert "changed here: 1 licenses were changed here since, and stay" in texts(result)


def two_of_one(acme: Customer) -> tuple[UUID, UUID]:
    """The older is assigned, the younger activated."""
    plan = acme.plan()
    first = acme.license(plan, "assigned", "Ana@acme.example", assigned_date="2026-01-15T00:00:00Z")
    return first, acme.license(plan, "activated", "ana@acme.example")


def test_two_licenses_of_one_address_are_an_obstacle(moving: Moving) -> None:
    acme = founded()
    first, second = two_of_one(acme)
    told = moving.refused(acme.dump)
    assert str(first) in told
    assert str(second) in told
    assert "`keep_activated`" in told


@pytest.mark.parametrize(("word", "kept"), [("keep_activated", 1), ("keep_oldest", 0)])
def test_a_choice_says_which_of_two_stays(moving: Moving, word: str, kept: int) -> None:
    acme = founded()
    uuids = two_of_one(acme)
    result = moving.adopt_one(acme.dump, choices={"duplicate_license": word})
    statuses = {row["uuid"]: row["status"] for row in moving.rows(License)}
    assert statuses[uuids[1 - kept]] == "unassigned"
    assert statuses[uuids[kept]] == ("assigned", "activated")[kept]
    changed = {total.state: total.by_choice for total in result.run.totals if total.by_choice}
    assert changed == {("assigned", "activated")[1 - kept]: -1, "unassigned": 1}


def test_a_revoked_license_without_address_is_of_nobody(moving: Moving) -> None:
    acme = founded()
    uuid = acme.license(acme.plan(), "revoked", None)
    moving.adopt_one(acme.dump)
    assert [row["user_email"] for row in moving.rows(License)] == [
        f"retired_user{uuid.hex}@retired.invalid"
    ]


def test_a_live_license_without_address_needs_a_choice(moving: Moving) -> None:
    acme = founded()
    uuid = acme.license(acme.plan(), "activated", None)
    assert str(uuid) in moving.refused(acme.dump)
    moving.adopt_one(acme.dump, choices={"license_without_email": "retire"})
    assert [row["status"] for row in moving.rows(License)] == ["activated"]


def test_a_live_license_without_address_can_become_free(moving: Moving) -> None:
    acme = founded()
    acme.license(acme.plan(), "activated", None)
    moving.adopt_one(acme.dump, choices={"license_without_email": "unassign"})
    assert [row["status"] for row in moving.rows(License)] == ["unassigned"]


@pytest.mark.parametrize(("word", "left"), [("keep", 3), ("drop_unassigned", 2)])
def test_a_plan_over_its_size(moving: Moving, word: str, left: int) -> None:
    acme = founded()
    plan = acme.plan(desired_num_licenses=2)
    for _ in range(3):
        acme.license(plan, "unassigned")
    assert "it has 3 licenses, and shall have 2" in moving.refused(acme.dump)
    moving.adopt_one(acme.dump, choices={"plan_over_size": word})
    assert len(moving.rows(License)) == left


def test_renewals_are_kept_with_what_was_copied(moving: Moving) -> None:
    acme = founded()
    prior = acme.plan(
        title="Old",
        start_date="2022-01-01T00:00:00Z",
        expiration_date="2023-01-01T00:00:00Z",
        expiration_processed=True,
    )
    now, coming = acme.plan(title="Now"), uuid4()
    old = acme.license(prior, "activated", "ana@acme.example")
    new = acme.license(now, "activated", "ana@acme.example")
    acme.dump.find("subscriptions.license", old)["renewed_to"] = str(new)
    done = {"processed": True, "processed_datetime": "2023-01-01T01:00:00Z"}
    dates = {
        "effective_date": "2023-01-01T00:00:00Z",
        "renewed_expiration_date": "2090-01-01T00:00:00Z",
    }
    acme.renewal(prior, now, **done, **dates)
    acme.renewal(now, None)
    assert coming not in {prior, now}

    moving.adopt_one(acme.dump)

    licenses = {row["uuid"]: row for row in moving.rows(License)}
    assert licenses[new]["renewed_from_uuid"] == old
    renewals = {row["plan_uuid"]: row for row in moving.rows(PlanRenewal)}
    assert renewals[prior]["renewed_plan_uuid"] == now
    assert renewals[prior]["processed_at"] == at("2023-01-01T01:00:00")
    assert renewals[now]["processed_at"] is None
    assert renewals[now]["title"] == "The next one"
    plans = {row["uuid"]: row["wound_up_at"] for row in moving.rows(SubscriptionPlan)}
    assert plans == {prior: at("2023-01-01"), now: None}
    assert moving.adopt_one(acme.dump).run.tally.total("changed") == 0


def test_plans_that_follow_one_another_in_a_circle_are_refused(moving: Moving) -> None:
    acme = founded()
    first, second = acme.plan(title="A"), acme.plan(title="B")
    acme.renewal(first, second)
    acme.renewal(second, first)
    assert "comes to follow itself" in moving.refused(acme.dump)


@pytest.mark.parametrize("place", [0, 2])
def test_a_plan_that_leads_into_a_circle_is_not_followed_for_ever(
    moving: Moving, place: int
) -> None:
    """Wherever it comes in their order."""
    acme = founded()
    plans = sorted(acme.plan(title=name) for name in "ABC")
    leading = plans.pop(place)
    one, other = plans
    acme.renewal(one, other)
    acme.renewal(other, one)
    acme.renewal(leading, one)
    assert "comes to follow itself" in moving.refused(acme.dump)


def test_a_renewal_into_a_plan_of_another_enterprise_is_refused(moving: Moving) -> None:
    dump = Dump()
    acme, globex = founded(dump), founded(dump, slug="globex")
    acme.renewal(acme.plan(), globex.plan())
    results = {each.uuid: each for each in moving.adopt(dump)}
    assert not results[acme.uuid].is_adopted
    assert results[globex.uuid].is_adopted
    assert "is none of this enterprise" in "".join(texts(results[acme.uuid]))


def test_a_plan_with_the_catalog_of_another_enterprise_is_refused(moving: Moving) -> None:
    dump = Dump()
    acme = founded(dump, uuid=UUID(int=2))
    globex = founded(dump, slug="globex", uuid=UUID(int=1))
    acme.plan(enterprise_catalog_uuid=str(globex.catalog_uuid))
    _, refused = moving.adopt(dump)
    assert not refused.is_adopted
    assert "belongs to another enterprise" in "".join(texts(refused))


def test_a_license_that_is_of_another_plan_here_is_refused(moving: Moving) -> None:
    acme = founded()
    uuid = acme.license(acme.plan(), "unassigned")
    moving.adopt_one(acme.dump)
    acme.dump.find("subscriptions.license", uuid)["subscription_plan"] = str(acme.plan(title="B"))
    assert f"license {uuid} is one of plan" in moving.refused(acme.dump)


def test_license_manager_alone_is_enough(moving: Moving) -> None:
    """The agreement names the enterprise; a choice makes the catalog that no file has."""
    acme = Customer(Dump())
    acme.agreement()
    acme.license(acme.plan(), "unassigned")
    assert str(acme.catalog_uuid) in moving.refused(acme.dump)
    moving.adopt_one(acme.dump, choices={"missing_catalog": "make_empty"})


def test_a_plan_without_catalog_can_be_left_out(moving: Moving) -> None:
    acme = Customer(Dump())
    acme.agreement()
    acme.license(acme.plan(), "assigned", "ana@acme.example")
    result = moving.adopt_one(acme.dump, choices={"missing_catalog": "leave_out"})
    assert moving.rows(SubscriptionPlan) == []
    assert [(each.theirs, each.by_choice, each.ours) for each in result.run.totals] == [(1, -1, 0)]


def test_a_plan_that_ends_before_it_begins_is_refused(moving: Moving) -> None:
    acme = founded()
    acme.plan(expiration_date="2020-01-01T00:00:00Z")
    assert "it ends before it begins" in moving.refused(acme.dump)


def test_a_status_that_nobody_knows_is_refused(moving: Moving) -> None:
    acme = founded()
    acme.license(acme.plan(), "frozen", "ana@acme.example")
    assert "there is no status frozen" in moving.refused(acme.dump)


def test_thousands_are_put_in_batches(moving: Moving) -> None:
    acme = founded()
    plan = acme.plan()
    for index in range(5_003):
        acme.license(plan, "assigned", f"learner-{index}@acme.example")
    result = moving.adopt_one(acme.dump)
    assert result.run.tally.counts["licenses", "created"] == 5_003
    assert Counter(row["status"] for row in moving.rows(License)) == {"assigned": 5_003}
