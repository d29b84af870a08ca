"""A policy is taken out of use only when nobody was promised its money."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from bursar.credit.models import Policy
from bursar.database.engine import Database
from bursar.delivery.models import DeliveryStatus
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import ManifestError, from_data
from bursar.provisioning.plan import Plan
from testing.worlds.budgets import ACTOR, NOW, Budget, open_budget
from testing.worlds.catalog import ENTERPRISE

ANA, BEN, CHRIS, DORA = (f"{name}@example.com" for name in ("ana", "ben", "chris", "dora"))
CLOSINGS = pytest.mark.parametrize(
    ("closing", "field"),
    [
        ({"retired": True}, "retired"),
        ({"active": False}, "active"),
        ({"retired": True, "active": False}, "retired"),
    ],
)
PLACE = "enterprises[0].policies[0]"


@pytest.fixture
def budget(database: Database) -> Budget:
    return open_budget(database, deposit=10_000)


def declare(budget: Budget, **fields: Any) -> Plan:
    policies = [{"uuid": str(budget.policy_uuid), **fields}]
    enterprise = {"uuid": str(ENTERPRISE), "name": "A", "slug": "a", "policies": policies}
    manifest = from_data({"enterprises": [enterprise]})
    with budget.database.transaction() as session:
        return apply(session, ACTOR, [manifest], now=NOW)


def problems(budget: Budget, **fields: Any) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        declare(budget, **fields)
    return caught.value.problems


def is_in_use(budget: Budget) -> bool:
    with budget.database.transaction() as session:
        policy = session.get_one(Policy, budget.policy_uuid)
        return policy.active and not policy.retired


@CLOSINGS
def test_allocated_money_keeps_a_policy_in_use(
    budget: Budget, closing: dict[str, bool], field: str
) -> None:
    budget.allocate(ANA, BEN, price=150)

    assert problems(budget, **closing) == [
        f"{PLACE}.{field}: 300 cents of this policy are allocated to learners who have not"
        " redeemed them; cancel these assignments first, or write cancel_allocations: true beside"
        " it, which cancels them and tells the learners"
    ]
    assert is_in_use(budget)
    assert set(budget.states().values()) == {"allocated"}


@CLOSINGS
def test_its_allocations_are_cancelled_with_mail_in_the_same_transaction(
    budget: Budget, closing: dict[str, bool], field: str
) -> None:
    budget.allocate(ANA, BEN, CHRIS, DORA, price=150)
    budget.redeemed(CHRIS)
    budget.redeem(DORA)
    budget.finish_mails(DeliveryStatus.DELIVERED)

    plan = declare(budget, **closing, cancel_allocations=True)

    what = f"~ policy {budget.policy_uuid} of a: 2 assignments of 300 cents together cancelled"
    assert plan.lines[-1] == what
    assert plan.changed >= 1
    assert not is_in_use(budget)
    assert budget.states() == {
        ANA: "cancelled",
        BEN: "cancelled",
        CHRIS: "accepted",
        DORA: "allocated",  # Its redemption is under way, and will be finished.
    }
    pending = [mail for mail in budget.mails() if mail.status == DeliveryStatus.PENDING]
    told = {(mail.kind, mail.recipient) for mail in pending}
    assert told == {("assignment-cancelled", ANA), ("assignment-cancelled", BEN)}
    assert len(budget.events("assignment.cancelled")) == 2
    assert budget.money().allocated == 0
    assert budget.problems() == []


def test_what_is_cancelled_is_cancelled_once(budget: Budget) -> None:
    budget.allocate(ANA, price=150)
    declare(budget, retired=True, cancel_allocations=True)
    plan = declare(budget, retired=True, cancel_allocations=True)
    assert plan.summary == "0 created, 0 changed, 2 unchanged"
    assert len(budget.events("assignment.cancelled")) == 1


def test_an_invalid_manifest_cancels_nothing(budget: Budget) -> None:
    budget.allocate(ANA, price=150)
    assert problems(budget, retired=True, cancel_allocations=True, catalog_uuid=None)
    assert budget.states() == {ANA: "allocated"}


@pytest.mark.parametrize("beside", [{}, {"active": True}, {"retired": False}])
def test_allocations_are_cancelled_only_where_the_policy_is_closed(
    budget: Budget, beside: dict[str, bool]
) -> None:
    with pytest.raises(ManifestError) as caught:
        declare(budget, **beside, cancel_allocations=True)
    assert caught.value.problems == [
        f"{PLACE}.cancel_allocations: needs retired: true or active: false beside it"
    ]


def test_a_new_policy_may_be_closed_at_once(budget: Budget) -> None:
    fresh = {
        "uuid": "7f344aea-c28c-4ef0-95e6-fb6e58f98497",
        "policy_type": "AssignedLearnerCreditAccessPolicy",
        "catalog_uuid": _catalog_of(budget),
        "subsidy_uuid": str(budget.subsidy_uuid),
    }
    plan = declare(budget, **fresh, retired=True, cancel_allocations=True)
    assert plan.created == 1


def test_a_policy_that_a_manifest_does_not_name_stays_in_use(budget: Budget) -> None:
    budget.allocate(ANA, price=150)
    sibling = budget.sibling()
    declare(sibling, description="Another")
    assert is_in_use(budget)
    assert budget.states() == {ANA: "allocated"}


def test_a_policy_that_was_closed_before_this_rule_can_still_be_declared(budget: Budget) -> None:
    """The rule is about closing: what is stored already is not held against a manifest."""
    budget.allocate(ANA, price=150)
    _close_in_the_table(budget.database, budget.policy_uuid)
    declare(budget)
    assert declare(budget, retired=True).summary == "0 created, 0 changed, 2 unchanged"
    plan = declare(budget, retired=True, cancel_allocations=True)
    assert plan.changed == 1
    assert budget.states() == {ANA: "cancelled"}


def _catalog_of(budget: Budget) -> str:
    with budget.database.transaction() as session:
        return str(session.get_one(Policy, budget.policy_uuid).catalog_uuid)


def _close_in_the_table(database: Database, uuid: UUID) -> None:
    with database.transaction() as session:
        session.execute(update(Policy).where(Policy.uuid == uuid).values(retired=True))
