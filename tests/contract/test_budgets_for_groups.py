"""Budgets that only members of groups may spend: redeemed, assigned and shown."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from bursar.credit.policy_types import PER_LEARNER_SPEND
from testing.clients.api import JsonObject
from testing.shops.budget import COURSE, PRICED, BudgetShop, open_budget, reason_against, redeemed
from testing.shops.service import Service

ANA, BEN, CAL = "ana@example.org", "ben@example.org", "cal@example.org"
NOT_IN_GROUP = "learner_not_in_enterprise_group"
JSON = {"Accept": "application/json"}


def put_group(budget: BudgetShop, *members: str) -> str:
    uuid = str(uuid4())
    group = {"uuid": uuid, "name": "Data team", "members": list(members)}
    budget.shop.declare(groups=[group])
    return uuid


def open_for(service: Service, *members: str, **fields: Any) -> BudgetShop:
    budget = open_budget(service, **fields)
    budget.change(groups=[put_group(budget, *members)])
    return budget


def credits_of(budget: BudgetShop, email: str) -> list[JsonObject]:
    query = {"enterprise_customer_uuid": str(budget.shop.uuid), "email": email}
    path = "/enterprise/v1/policy-redemption/credits_available/"
    answer: list[JsonObject] = budget.shop.api.get(path, params=query, headers=JSON).json()
    return answer


def can_redeem(budget: BudgetShop, **learner: object) -> JsonObject:
    path = f"/enterprise/v1/policy-redemption/enterprise-customer/{budget.shop.uuid}/can-redeem/"
    query = {"content_key": budget.key(PRICED), **learner}
    (answer,) = budget.shop.api.get(path, params=query, headers=JSON).json()
    found: JsonObject = answer
    return found


def members_change(budget: BudgetShop, group: str, **body: Sequence[str]) -> None:
    answer = budget.shop.api.post(f"/enterprise/v1/groups/{group}/members", json=body)
    assert answer.status_code == 200, answer.text


def test_only_members_redeem(service: Service) -> None:
    budget = open_for(service, ANA, policy_type=PER_LEARNER_SPEND)
    assert reason_against(budget, PRICED, learner_email=BEN) == NOT_IN_GROUP
    assert budget.figures[0] == 0
    redeemed(budget, PRICED, learner_email=ANA)
    group = budget.policies()["results"][0]["group_associations"][0]
    members_change(budget, group, add=[BEN], remove=[ANA])
    redeemed(budget, PRICED, learner_email=BEN)
    budget.know(ana=501)
    assert reason_against(budget, PRICED, lms_user_id=501) == NOT_IN_GROUP


def test_a_person_is_in_a_group_with_any_address(service: Service) -> None:
    budget = open_for(service, ANA)
    budget.know(ana=501, ben=501, cal=502)
    assert len(budget.assigned(BEN)) == 1
    redeemed(budget, COURSE, learner_email=BEN)
    assert budget.ask(budget.wish(CAL)).status_code == 422


def test_only_members_are_assigned_all_or_none(service: Service) -> None:
    budget = open_for(service, ANA, BEN)
    answer = budget.ask(budget.wish(ANA, CAL, BEN, "dan@example.org"))
    (entry,) = answer.json()
    assert (answer.status_code, entry["reason"]) == (422, NOT_IN_GROUP)
    assert entry["metadata"] == {"learner_emails": [CAL, "dan@example.org"]}
    assert entry["policy_uuids"] == [str(budget.uuid)]
    assert budget.assignments()["count"] == 0
    assert len(budget.assigned(ANA, BEN)) == 2


def test_an_assignment_of_somebody_who_left_waits(service: Service) -> None:
    budget = open_for(service, ANA, BEN)
    budget.assigned(ANA)
    (group,) = budget.policies()["results"][0]["group_associations"]
    members_change(budget, group, remove=[ANA])
    assert credits_of(budget, ANA) == []
    assert reason_against(budget, learner_email=ANA) == NOT_IN_GROUP
    members_change(budget, group, add=[ANA])
    assert len(credits_of(budget, ANA)) == 1
    redeemed(budget, learner_email=ANA)


def test_it_is_shown_to_members_only(service: Service) -> None:
    budget = open_for(service, ANA, policy_type=PER_LEARNER_SPEND)
    budget.know(ana=501)
    (shown,) = credits_of(budget, ANA)
    assert shown["uuid"] == str(budget.uuid)
    assert credits_of(budget, BEN) == []
    assert can_redeem(budget, lms_user_id=501)["can_redeem"] is True
    refused = can_redeem(budget, email=BEN)
    assert (refused["can_redeem"], refused["redeemable_subsidy_access_policy"]) == (False, None)
    assert [each["reason"] for each in refused["reasons"]] == [NOT_IN_GROUP]
    other = budget.sibling(policy_type=PER_LEARNER_SPEND)
    assert can_redeem(budget, email=BEN)["redeemable_subsidy_access_policy"]["uuid"] == str(
        other.uuid
    )


def test_the_policy_names_its_groups(service: Service) -> None:
    budget = open_budget(service)
    groups = sorted(put_group(budget) for _ in range(2))
    path = f"/enterprise/v1/subsidy-access-policies/{budget.uuid}/"
    budget.change(groups=groups[::-1])
    budget.sibling()
    shown = {each["uuid"]: each["group_associations"] for each in budget.policies()["results"]}
    assert sorted(shown.values()) == [[], groups]
    assert budget.shop.api.json(path)["group_associations"] == shown[str(budget.uuid)] == groups
    budget.change(description="Other fields leave them alone")
    assert budget.shop.api.json(path)["group_associations"] == groups
    budget.change(groups=None)
    assert budget.shop.api.json(path)["group_associations"] == []
    assert len(budget.assigned(ANA)) == 1


@pytest.mark.parametrize("is_used", [True, False])
def test_a_group_of_a_policy_is_not_deleted(service: Service, is_used: bool) -> None:
    budget = open_for(service, ANA)
    (group,) = budget.policies()["results"][0]["group_associations"]
    if not is_used:
        budget.change(groups=[])
    answer = budget.shop.api.request("DELETE", f"/enterprise/v1/groups/{group}", headers=JSON)
    assert answer.status_code == (422 if is_used else 204)
    if is_used:
        assert answer.json()["policy_uuids"] == [str(budget.uuid)]
        assert credits_of(budget, BEN) == []
