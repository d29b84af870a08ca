"""`GET /enterprise/v1/subscriptions`."""

from datetime import timedelta
from uuid import uuid4

import pytest

from bursar import clock
from bursar.api.subscriptions import routes
from bursar.subscriptions.renewals.tasks import process_renewals
from testing.clients.api import Api, JsonObject, visible, xml_of
from testing.shops.plan import BEGINNING, END, PLANS, PlanShop, learners, open_plan
from testing.shops.service import Service
from testing.worlds.contract import ACME, BOTH, GLOBEX, hours_from_now
from testing.worlds.contract_credit import named

JSON = {"Accept": "application/json"}
EXAMPLE: JsonObject = routes.endpoints[0].documentation.example
EMPTY: JsonObject = {"count": 0, "next": None, "previous": None, "results": []}
KEYS = [
    "title",
    "uuid",
    "start_date",
    "expiration_date",
    "enterprise_customer_uuid",
    "enterprise_catalog_uuid",
    "is_active",
    "is_revocation_cap_enabled",
    "days_until_expiration",
    "days_until_expiration_including_renewals",
    "is_locked_for_renewal_processing",
    "should_auto_apply_licenses",
    "licenses",
    "revocations",
    "prior_renewals",
]


@pytest.fixture
def plan(service: Service) -> PlanShop:
    """With ten licenses."""
    return open_plan(service)


@pytest.fixture(scope="module")
def several(service: Service) -> dict[str, PlanShop]:
    """Of one enterprise, in the order of the list."""
    first = open_plan(service, start_date="2020-01-01", expiration_date=hours_from_now(-1))
    return {
        "future": first.sibling(start_date=hours_from_now(1)),
        "inactive": first.sibling(start_date=hours_from_now(-1), is_active=False),
        "late": first.sibling(start_date=hours_from_now(-2)),
        "early": first.sibling(start_date="2021-01-01"),
        "expired": first,
    }


def uuids(page: JsonObject) -> list[str]:
    return [item["uuid"] for item in page["results"]]


def uuids_of(several: dict[str, PlanShop], *names: str) -> list[str]:
    return [str(several[name].uuid) for name in names]


def refused(api: Api, **parameters: str) -> JsonObject:
    response = api.get(PLANS, params=parameters, headers=JSON)
    assert response.status_code == 400
    body: JsonObject = response.json()
    return body


class TestShape:
    def test_the_keys_are_those_of_the_reference_in_its_order(self, plan: PlanShop) -> None:
        plan.change(is_revocation_cap_enabled=True)
        page = plan.plans()
        (example,), (item,) = EXAMPLE["results"], page["results"]
        assert list(page) == list(EXAMPLE)
        assert list(item) == list(example) == KEYS
        for name in ("licenses", "revocations"):
            assert list(item[name]) == list(example[name])

    def test_a_plan_says_what_was_declared_and_what_became_of_it(self, service: Service) -> None:
        plan = open_plan(service, is_revocation_cap_enabled=True, revoke_max_percentage=25)
        plan.assign(*learners(5))
        plan.activate(*learners(3))
        assert plan.revoke(*learners(1), *learners(1, first=4)).status_code == 204
        days = (END - clock.now()) // timedelta(days=1)
        assert plan.item == {
            "title": "Plan",
            "uuid": str(plan.uuid),
            "start_date": "2020-01-01T00:00:00Z",
            "expiration_date": "2090-01-01T00:00:00Z",
            "enterprise_customer_uuid": str(plan.shop.uuid),
            "enterprise_catalog_uuid": str(plan.shop.catalog_uuid),
            "is_active": True,
            "is_revocation_cap_enabled": True,
            "days_until_expiration": days,
            "days_until_expiration_including_renewals": days,
            "is_locked_for_renewal_processing": False,
            "should_auto_apply_licenses": False,
            "licenses": {
                "activated": 2,
                "assigned": 1,
                "unassigned": 7,
                "revoked": 2,
                "total": 10,
                "allocated": 3,
            },
            "revocations": {"total": 3, "used": 1, "remaining": 2},
            "prior_renewals": [],
        }

    @pytest.mark.parametrize(
        ("hours", "days"), [(49, 2), (47, 1), (1, 0), (-1, -1), (-23, -1), (-25, -2)]
    )
    def test_days_are_whole_ones_and_negative_when_past(
        self, plan: PlanShop, hours: float, days: int
    ) -> None:
        plan.change(expiration_date=hours_from_now(hours))
        assert plan.item["days_until_expiration"] == days
        assert plan.item["days_until_expiration_including_renewals"] == days

    def test_without_a_cap_there_are_no_revocations(self, plan: PlanShop) -> None:
        assert plan.item["revocations"] is None

    def test_a_cap_counts_a_part_of_a_license_as_a_whole_one(self, plan: PlanShop) -> None:
        plan.change(is_revocation_cap_enabled=True, revoke_max_percentage=1)
        assert plan.item["revocations"] == {"total": 1, "used": 0, "remaining": 1}
        plan.change(revoke_max_percentage=0)
        assert plan.item["revocations"] == {"total": 0, "used": 0, "remaining": 0}

    def test_xml_holds_the_same(self, plan: PlanShop) -> None:
        response = plan.shop.api.get(PLANS, headers={"Accept": "text/xml"})
        (element,) = xml_of(response).iterfind("results/list-item")
        assert [child.tag for child in element] == KEYS
        assert element.findtext("is_active") == "True"
        assert element.findtext("revocations") == element.findtext("prior_renewals") == ""
        assert element.findtext("licenses/total") == "10"


class TestOnePlan:
    def test_it_is_as_in_the_list_active_or_not(self, several: dict[str, PlanShop]) -> None:
        for plan in several.values():
            assert plan.shop.api.json(f"{PLANS}/{plan.uuid}") == plan.item

    def test_it_takes_its_renewals_along(self, plan: PlanShop) -> None:
        following = PlanShop(plan.shop)
        plan.change(renewals=[TestRenewals.renewal(following, 11, 24 * 500)])
        shown = plan.shop.api.json(f"{PLANS}/{plan.uuid}")
        assert shown["is_locked_for_renewal_processing"]
        assert shown == plan.item


class TestSelection:
    def test_latest_start_first_and_inactive_ones_too(self, several: dict[str, PlanShop]) -> None:
        page = several["early"].plans()
        assert uuids(page) == uuids_of(several, *several)
        assert page["count"] == len(several)

    @pytest.mark.parametrize("current", [None, "", "false", "False"])
    def test_of_an_enterprise_only_the_active_ones(
        self, several: dict[str, PlanShop], current: str | None
    ) -> None:
        first = several["early"]
        query = {"enterprise_customer_uuid": str(first.shop.uuid)}
        query |= {} if current is None else {"current": current}
        assert uuids(first.plans(**query)) == uuids_of(
            several, "future", "late", "early", "expired"
        )

    @pytest.mark.parametrize("current", ["true", "True", "TRUE"])
    def test_current_is_the_one_that_began_last_and_goes_on(
        self, several: dict[str, PlanShop], current: str
    ) -> None:
        first = several["early"]
        query = {"enterprise_customer_uuid": str(first.shop.uuid), "current": current}
        page = first.plans(**query)
        assert uuids(page) == uuids_of(several, "late")
        assert (page["count"], page["next"], page["previous"]) == (1, None, None)

    def test_of_two_that_began_together_current_is_the_newer(self, plan: PlanShop) -> None:
        newer = plan.sibling()
        page = plan.plans(enterprise_customer_uuid=str(plan.shop.uuid), current="true")
        assert uuids(page) == [str(newer.uuid)]

    def test_no_current_plan_is_an_empty_page(self, plan: PlanShop) -> None:
        plan.change(expiration_date=hours_from_now(-0.01))
        query = {"enterprise_customer_uuid": str(plan.shop.uuid), "current": "true"}
        assert plan.plans(**query) == EMPTY
        assert plan.plans(**query, page="last") == EMPTY

    def test_bad_parameters_are_told_at_once(self, api: Api) -> None:
        names = {"enterprise_customer_uuid": "acme", "current": "2", "format": "yaml"}
        assert set(refused(api, **names)) == set(names)
        assert list(refused(api, current="true")) == ["enterprise_customer_uuid"]
        assert list(refused(api, current="TRUE", enterprise_customer_uuid="")) == [
            "enterprise_customer_uuid"
        ]

    @pytest.mark.parametrize("page", ["0", "-1", "2", "x", "1.5", "99999999999999999999"])
    @pytest.mark.parametrize("current", ["true", "false"])
    def test_pages_that_are_not_there(
        self, several: dict[str, PlanShop], page: str, current: str
    ) -> None:
        shop = several["early"].shop
        query = {"enterprise_customer_uuid": str(shop.uuid), "page": page, "current": current}
        response = shop.api.get(PLANS, params=query, headers=JSON)
        assert (response.status_code, response.json()) == (404, {"detail": "Invalid page."})


class TestTenancy:
    @pytest.mark.parametrize(
        "query", [{}, {"page": "1"}, {"page": "last"}, {"current": "true"}, {"page": "2"}]
    )
    def test_one_that_is_not_the_callers_is_as_one_that_is_unknown(
        self, api: Api, query: dict[str, str]
    ) -> None:
        foreign, unknown = (
            api.get(PLANS, params=query | {"enterprise_customer_uuid": str(uuid)}, headers=JSON)
            for uuid in (GLOBEX, uuid4())
        )
        assert query.get("page") == "2" or foreign.json() == EMPTY
        assert visible(foreign) == visible(unknown)

    def test_only_plans_of_the_callers_enterprises_are_listed(
        self, service: Service, api: Api
    ) -> None:
        assert uuids(api.json(PLANS)) == [str(named(ACME, "plan"))]
        both = service.acting_as(BOTH)
        plans = {enterprise: str(named(enterprise, "plan")) for enterprise in (ACME, GLOBEX)}
        assert set(uuids(both.json(PLANS))) == set(plans.values())
        for enterprise, uuid in plans.items():
            query = {"enterprise_customer_uuid": str(enterprise)}
            assert uuids(both.json(PLANS, params=query)) == [uuid]


class TestRenewals:
    @pytest.fixture
    def chain(self, service: Service) -> list[PlanShop]:
        """Three plans, each renewed into the next; the first renewal is processed."""
        first = open_plan(service, expiration_date=hours_from_now(24 * 30))
        second, third = PlanShop(first.shop), PlanShop(first.shop)
        first.change(renewals=[self.renewal(second, -0.01, 24 * 100)])
        process_renewals(service.database)
        second.change(renewals=[self.renewal(third, 11, 24 * 500)])
        return [first, second, third]

    @staticmethod
    def renewal(into: PlanShop, effective: float, expiration: float) -> JsonObject:
        return {
            "uuid": str(into.uuid),
            "effective_date": hours_from_now(effective),
            "renewed_expiration_date": hours_from_now(expiration),
            "number_of_licenses": 10,
        }

    def test_days_including_renewals_follow_the_chain_to_its_end(
        self, chain: list[PlanShop]
    ) -> None:
        first, second, _ = chain
        for plan, days in ((first, 29), (second, 99)):
            assert plan.item["days_until_expiration"] == days
            assert plan.item["days_until_expiration_including_renewals"] == 499

    def test_a_plan_is_locked_from_twelve_hours_before_until_its_renewal_is_processed(
        self, chain: list[PlanShop]
    ) -> None:
        first, second, third = chain
        assert second.item["is_locked_for_renewal_processing"]
        assert not first.item["is_locked_for_renewal_processing"]
        second.change(renewals=[self.renewal(third, 13, 24 * 500)])
        assert not second.item["is_locked_for_renewal_processing"]
        second.change(is_locked_for_renewal_processing=True)
        assert second.item["is_locked_for_renewal_processing"]

    def test_prior_renewals_come_oldest_first_in_the_form_of_the_sample(
        self, chain: list[PlanShop]
    ) -> None:
        first, second, third = chain
        third.declare(start_date="2021-07-01")
        found = third.item["prior_renewals"]
        ends = [
            (each["prior_subscription_plan_id"], each["renewed_subscription_plan_id"])
            for each in found
        ]
        chained = [str(plan.uuid) for plan in chain]
        assert ends == [(chained[0], chained[1]), (chained[1], chained[2])]
        sample = EXAMPLE["results"][0]["prior_renewals"][0]
        assert [list(each) for each in found] == [list(sample)] * 2
        assert found[0]["prior_subscription_plan_start_date"] == f"{BEGINNING}"
        assert found[1]["renewed_subscription_plan_start_date"] == "2021-07-01 00:00:00+00:00"
        assert second.item["prior_renewals"] == found[:1]
        assert first.item["prior_renewals"] == []
