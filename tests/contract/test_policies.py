"""`GET /enterprise/v1/subsidy-access-policies/`."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar.api.policies import POLICIES_EXAMPLE
from bursar.credit.policy_types import (
    ASSIGNED,
    PER_LEARNER_ENROLLMENT,
    PER_LEARNER_SPEND,
    POLICY_TYPES,
)
from testing.clients.api import Api, JsonObject, visible, xml_of
from testing.shops.budget import POLICIES, BudgetShop, emails, open_budget
from testing.shops.service import Service
from testing.worlds.contract import ACME, BOTH, GLOBEX
from testing.worlds.contract_credit import named

JSON = {"Accept": "application/json"}
EMPTY: JsonObject = {
    "next": None,
    "previous": None,
    "count": 0,
    "num_pages": 1,
    "current_page": 1,
    "start": 0,
    "results": [],
}


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    """With 100,000 cents."""
    return open_budget(service)


@pytest.fixture(scope="module")
def many(service: Service) -> BudgetShop:
    """The oldest of twelve budgets, four of each type, of which one of each is inactive."""
    budget = open_budget(service)
    for number in range(1, 12):
        budget.sibling(policy_type=POLICY_TYPES[number % 3], active=number > 3)
    return budget


def refused(api: Api, **parameters: str) -> JsonObject:
    response = api.get(POLICIES, params=parameters, headers=JSON)
    assert response.status_code == 400
    body: JsonObject = response.json()
    return body


class TestOnePolicy:
    def test_it_is_as_in_the_list_whatever_its_type(self, many: BudgetShop) -> None:
        listed = many.policies(page_size=100)["results"]
        assert {item["policy_type"] for item in listed} == set(POLICY_TYPES)
        for item in listed:
            assert many.shop.api.json(f"{POLICIES}{item['uuid']}/") == item

    def test_it_tells_what_was_spent(self, budget: BudgetShop) -> None:
        budget.allocate(*emails(2))
        shown = budget.shop.api.json(f"{POLICIES}{budget.uuid}")
        assert shown["aggregates"] == budget.aggregates
        assert shown["aggregates"]["amount_allocated_usd_cents"] == 20_000


class TestShape:
    def test_the_keys_are_those_of_the_reference_in_its_order(self, budget: BudgetShop) -> None:
        page = budget.policies()
        (example,), (item,) = POLICIES_EXAMPLE["results"], page["results"]
        assert list(page) == list(POLICIES_EXAMPLE)
        assert list(item) == list(example)
        for name in ("aggregates", "assignment_configuration"):
            assert list(item[name]) == list(example[name])

    def test_a_policy_says_what_was_declared(self, service: Service) -> None:
        budget = open_budget(service, display_name="Name", description="Words", spend_limit=70_000)
        page = budget.policies()
        (item,) = page.pop("results")
        assert page | {"results": []} == EMPTY | {"count": 1}
        assert item == {
            "uuid": str(budget.uuid),
            "policy_type": ASSIGNED,
            "display_name": "Name",
            "description": "Words",
            "active": True,
            "retired": False,
            "enterprise_customer_uuid": str(budget.shop.uuid),
            "catalog_uuid": str(budget.shop.catalog_uuid),
            "subsidy_uuid": str(budget.subsidy_uuid),
            "access_method": "assigned",
            "per_learner_enrollment_limit": None,
            "per_learner_spend_limit": None,
            "spend_limit": 70_000,
            "subsidy_active_datetime": "2020-01-01T00:00:00Z",
            "subsidy_expiration_datetime": "2090-01-01T00:00:00Z",
            "is_subsidy_active": True,
            "aggregates": {
                "amount_redeemed_usd_cents": 0,
                "amount_redeemed_usd": 0,
                "amount_allocated_usd_cents": 0,
                "amount_allocated_usd": 0,
                "spend_available_usd_cents": 70_000,
                "spend_available_usd": 700,
            },
            "assignment_configuration": {
                "uuid": str(budget.configuration_uuid),
                "subsidy_access_policy": str(budget.uuid),
                "enterprise_customer_uuid": str(budget.shop.uuid),
                "active": True,
            },
            "group_associations": [],
            "late_redemption_allowed_until": None,
            "is_late_redemption_allowed": False,
        }

    @pytest.mark.parametrize("kind", [PER_LEARNER_SPEND, PER_LEARNER_ENROLLMENT])
    def test_the_others_are_direct_and_assign_through_nothing(
        self, service: Service, kind: str
    ) -> None:
        limits = {"per_learner_spend_limit": 5, "per_learner_enrollment_limit": 2}
        (item,) = open_budget(service, policy_type=kind, **limits).policies()["results"]
        assert item["access_method"] == "direct"
        assert item["assignment_configuration"] is None
        assert {name: item[name] for name in limits} == limits

    def test_dates_decide_what_is_active(self, budget: BudgetShop) -> None:
        def found() -> tuple[bool, bool]:
            (item,) = budget.policies()["results"]
            return item["is_subsidy_active"], item["is_late_redemption_allowed"]

        budget.change_subsidy(expiration_datetime="2021-01-01T00:00:00Z")
        assert found() == (False, False)
        budget.change(late_redemption_allowed_until="2080-01-01T00:00:00Z")
        assert found() == (False, True)
        budget.change(late_redemption_allowed_until="2022-01-01T00:00:00Z")
        assert found() == (False, False)
        budget.change_subsidy(
            active_datetime="2080-01-01T00:00:00Z", expiration_datetime="2090-01-01T00:00:00Z"
        )
        assert found() == (False, False)

    def test_xml_holds_the_same(self, budget: BudgetShop) -> None:
        (item,) = budget.policies()["results"]
        query = {"enterprise_customer_uuid": str(budget.shop.uuid)}
        response = budget.shop.api.get(POLICIES, params=query, headers={"Accept": "text/xml"})
        (element,) = xml_of(response).iterfind("results/list-item")
        assert [child.tag for child in element] == list(item)
        assert element.findtext("active") == "True"
        assert element.findtext("spend_limit") == element.findtext("group_associations") == ""
        assert element.findtext("aggregates/spend_available_usd_cents") == "100000"


class TestSelection:
    def test_newest_first_and_retired_ones_too(self, many: BudgetShop) -> None:
        retired = many.sibling(retired=True, active=False)
        shown = many.policies(page_size=100)["results"]
        assert shown[-1]["uuid"] == str(many.uuid)
        assert (shown[0]["uuid"], shown[0]["retired"]) == (str(retired.uuid), True)
        many.shop.declare(policies=[{"uuid": str(retired.uuid), "active": True}])
        assert many.policies(page_size=100)["results"][0]["uuid"] == str(retired.uuid)

    @pytest.mark.parametrize(
        ("parameters", "check"),
        [
            ({"active": "TRUE"}, lambda item: item["active"]),
            ({"active": "false"}, lambda item: not item["active"]),
            ({"policy_type": ASSIGNED}, lambda item: item["policy_type"] == ASSIGNED),
            (
                {"policy_type": PER_LEARNER_SPEND, "active": "false"},
                lambda item: item["policy_type"] == PER_LEARNER_SPEND and not item["active"],
            ),
        ],
    )
    def test_filters(self, many: BudgetShop, parameters: dict[str, str], check: Any) -> None:
        everything = many.policies(page_size=100)["results"]
        wanted = [item for item in everything if check(item)]
        assert 0 < len(wanted) < len(everything)
        assert many.policies(page_size=100, **parameters)["results"] == wanted

    def test_an_empty_value_is_none(self, many: BudgetShop) -> None:
        page = many.policies(active="", policy_type="", page="", page_size="")
        assert page["results"] == many.policies()["results"]

    @pytest.mark.parametrize("size", ["1", "5", None, "1000"])
    def test_walking_all_pages_yields_every_policy_once(
        self, many: BudgetShop, size: str | None
    ) -> None:
        given = {"enterprise_customer_uuid": str(many.shop.uuid), "policy_type": ASSIGNED}
        given |= {} if size is None else {"page_size": size}
        pages = list(many.shop.api.pages(POLICIES, params=given))
        walked = [item["uuid"] for page in pages for item in page["results"]]
        wanted = many.policies(page_size=100, policy_type=ASSIGNED)
        assert walked == [item["uuid"] for item in wanted["results"]]
        length = min(int(size or 10), 100)
        assert [page["start"] for page in pages] == [length * n for n in range(len(pages))]
        assert {page["num_pages"] for page in pages} == {len(pages)}

    @pytest.mark.parametrize("page", ["0", "-1", "99", "x"])
    def test_pages_that_are_not_there(self, many: BudgetShop, page: str) -> None:
        query = {"enterprise_customer_uuid": str(many.shop.uuid), "page": page}
        response = many.shop.api.get(POLICIES, params=query, headers=JSON)
        assert (response.status_code, response.json()) == (404, {"detail": "Invalid page."})


class TestEnterprise:
    def test_it_must_be_named(self, api: Api) -> None:
        assert refused(api) == {"enterprise_customer_uuid": ["This field is required."]}
        assert list(refused(api, enterprise_customer_uuid="")) == ["enterprise_customer_uuid"]
        assert list(refused(api, enterprise_customer_uuid="acme")) == ["enterprise_customer_uuid"]

    def test_everything_bad_is_told_at_once(self, api: Api) -> None:
        names = {"active": "2", "policy_type": "X", "format": "yaml"}
        assert set(refused(api, **names)) == {"enterprise_customer_uuid", *names}

    @pytest.mark.parametrize("query", [{}, {"page": "1"}, {"page": "last"}, {"active": "true"}])
    def test_one_that_is_not_the_callers_is_as_one_that_is_unknown(
        self, api: Api, query: dict[str, str]
    ) -> None:
        foreign, unknown = (
            api.get(POLICIES, params=query | {"enterprise_customer_uuid": str(uuid)}, headers=JSON)
            for uuid in (GLOBEX, uuid4())
        )
        assert foreign.json() == EMPTY
        assert visible(foreign) == visible(unknown)

    def test_whoever_acts_for_two_asks_for_one(self, service: Service) -> None:
        both = service.acting_as(BOTH)
        for enterprise in (ACME, GLOBEX):
            query = {"enterprise_customer_uuid": str(enterprise)}
            shown = both.json(POLICIES, params=query)["results"]
            wanted = {str(named(enterprise, name)) for name in ("budget", "budget for all")}
            assert {item["uuid"] for item in shown} == wanted


class TestAggregates:
    def test_the_sample_of_the_reference(self, service: Service) -> None:
        limit = 100_000_000
        budget = open_budget(service, deposit=2 * limit, spend_limit=limit)
        budget.assigned("ana@example.org", price=181_450)
        (kept,) = budget.assigned("ben@example.org", price=279_100)
        assert budget.redeem(learner_email="ana@example.org").status_code == 200
        sample = POLICIES_EXAMPLE["results"][0]["aggregates"]
        assert budget.aggregates == sample
        assert list(budget.aggregates) == list(sample)
        assert budget.act("cancel", [kept]).status_code == 200
        assert budget.figures == (181_450, 0, limit - 181_450)

    def test_each_policy_has_its_own_and_all_share_the_subsidy(self, budget: BudgetShop) -> None:
        other = budget.sibling(spend_limit=50_000)
        budget.allocate(*emails(6))
        assert (budget.figures, other.figures) == ((0, 60_000, 40_000), (0, 0, 40_000))
        other.allocate(*emails(1))
        assert (budget.figures, other.figures) == ((0, 60_000, 30_000), (0, 10_000, 30_000))

    def test_a_limit_below_what_is_promised_leaves_nothing(self, budget: BudgetShop) -> None:
        budget.allocate(*emails(6))
        budget.change(spend_limit=10_000)
        assert budget.figures == (0, 60_000, 0)
        assert UUID(budget.policies()["results"][0]["uuid"]) == budget.uuid

    def test_cents_are_never_lost_in_dollars(self, service: Service) -> None:
        budget = open_budget(service, deposit=3 * 10**15)
        budget.allocate(*emails(1), price=10**15 + 1)
        found = budget.aggregates
        assert found["amount_allocated_usd_cents"] == 10**15 + 1
        assert found["spend_available_usd_cents"] == 2 * 10**15 - 1
        assert found["amount_allocated_usd"] == 10_000_000_000_000.01
