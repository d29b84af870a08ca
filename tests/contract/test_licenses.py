"""Licenses of a plan: their list, their activation and reminders, all beyond the reference."""

import csv
import io
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from bursar import clock
from bursar.delivery.models import Delivery
from bursar.subscriptions.licenses.mail import REMINDER
from testing.clients.api import Api, JsonObject
from testing.shops.plan import PlanShop, learners, open_plan
from testing.shops.service import Service

JSON = {"Accept": "application/json"}
ALL = "/enterprise/v1/licenses"


@pytest.fixture
def plan(service: Service) -> PlanShop:
    """With ten licenses."""
    return open_plan(service)


@pytest.fixture(scope="module")
def used(service: Service) -> PlanShop:
    """One license activated, two assigned, two revoked, and seven unassigned."""
    plan = open_plan(service)
    plan.assign("al@x.example", "alba@x.example", "bo@x.example")
    plan.assign("c@x.example", "d@x.example", user_sfids=["001OE000001f26OXZP", None])
    plan.activate("c@x.example", "d@x.example")
    assert plan.revoke("bo@x.example", "d@x.example").status_code == 204
    return plan


class TestLicenses:
    def test_by_email_and_those_nobody_holds_come_last(self, used: PlanShop) -> None:
        emails = [item["user_email"] for item in used.licenses()]
        assert emails[:5] == [f"{name}@x.example" for name in ("al", "alba", "bo", "c", "d")]
        assert emails[5:] == [None] * 7

    def test_a_license_says_who_holds_it_and_since_when(self, used: PlanShop) -> None:
        item = used.license_of("c@x.example")
        assert list(item) == [
            "uuid",
            "status",
            "user_email",
            "lms_user_id",
            "user_sfid",
            "subscription_plan_uuid",
            "assigned_date",
            "activation_date",
            "revoked_date",
        ]
        assert (item["status"], item["user_sfid"]) == ("activated", "001OE000001f26OXZP")
        assert item["subscription_plan_uuid"] == str(used.uuid)
        assert item["assigned_date"] <= item["activation_date"] <= clock.now().isoformat()
        assert item["revoked_date"] is item["lms_user_id"] is None

    @pytest.mark.parametrize(
        ("parameters", "number"),
        [
            ({}, 12),
            ({"status": "assigned"}, 2),
            ({"status": "assigned,activated"}, 3),
            ({"status": ["assigned", "revoked, activated"]}, 5),
            ({"status": ""}, 12),
            ({"status": ","}, 12),
            ({"search": "AL"}, 2),
            ({"search": " al "}, 2),
            ({"search": "al", "status": "revoked"}, 0),
            ({"search": "%"}, 0),
            ({"search": "_"}, 0),
            ({"search": "\\"}, 0),
            ({"search": ""}, 12),
            ({"user_email": " AL@x.example"}, 1),
            ({"user_email": "al"}, 0),
            ({"user_email": "al@x.example", "search": "ba"}, 0),
            ({"user_email": "al@x.example", "status": "revoked"}, 0),
            ({"user_email": ""}, 12),
            ({"unknown": "x"}, 12),
        ],
    )
    def test_filters(self, used: PlanShop, parameters: dict[str, Any], number: int) -> None:
        page = used.shop.api.json(used.path, params=parameters)
        assert (page["count"], len(page["results"])) == (number, number)
        counts = used.shop.api.get(f"{used.path}/overview", params=parameters, headers=JSON).json()
        assert sum(each["count"] for each in counts) == number
        file = used.shop.api.get(f"{used.path}/csv", params=parameters)
        assert len(file.text.splitlines()) == number + 1

    def test_bad_parameters_are_told_at_once(self, used: PlanShop) -> None:
        query = {"status": "assigned,gone", "search": "x" * 1001, "format": "yaml"}
        for path in (used.path, f"{used.path}/overview"):
            response = used.shop.api.get(path, params=query, headers=JSON)
            assert response.status_code == 400
            assert set(response.json()) == set(query)
        response = used.shop.api.get(f"{used.path}/csv", params=query, headers=JSON)
        assert response.status_code == 400
        assert set(response.json()) >= {"status", "search"}

    def test_walking_all_pages_yields_every_license_once(self, plan: PlanShop) -> None:
        plan.change(num_licenses=230)
        plan.assign(*learners(150))
        pages = list(plan.shop.api.pages(plan.path))
        found = [item for page in pages for item in page["results"]]
        assert [len(page["results"]) for page in pages] == [100, 100, 30]
        assert {page["count"] for page in pages} == {230}
        assert len({item["uuid"] for item in found}) == 230
        assert [item["user_email"] for item in found] == [*learners(150), *[None] * 80]

    @pytest.mark.parametrize(
        ("size", "number"), [("7", 7), ("1000", 12), ("100000", 12), ("0", 12), ("x", 12)]
    )
    def test_the_size_of_a_page(self, used: PlanShop, size: str, number: int) -> None:
        page = used.shop.api.json(used.path, params={"page_size": size})
        assert (page["count"], len(page["results"])) == (12, number)
        assert (page["next"] is None) == (number == 12)

    def test_at_most_a_thousand_are_on_a_page(self, plan: PlanShop) -> None:
        plan.change(num_licenses=1_001)
        pages = list(plan.shop.api.pages(plan.path, params={"page_size": "5000"}))
        assert [len(page["results"]) for page in pages] == [1_000, 1]

    @pytest.mark.parametrize("page", ["0", "2", "x"])
    def test_pages_that_are_not_there(self, used: PlanShop, page: str) -> None:
        response = used.shop.api.get(used.path, params={"page": page}, headers=JSON)
        assert (response.status_code, response.json()) == (404, {"detail": "Invalid page."})


class TestOverview:
    def test_the_most_frequent_status_first(self, used: PlanShop) -> None:
        response = used.shop.api.get(f"{used.path}/overview", headers=JSON)
        counts = [(each["status"], each["count"]) for each in response.json()]
        assert counts[0] == ("unassigned", 7)
        assert dict(counts) == {"unassigned": 7, "assigned": 2, "revoked": 2, "activated": 1}
        assert [count for _, count in counts] == [7, 2, 2, 1]

    def test_statuses_that_do_not_occur_are_left_out(self, used: PlanShop) -> None:
        query = {"search": "al", "status": "assigned,activated"}
        response = used.shop.api.get(f"{used.path}/overview", params=query, headers=JSON)
        assert response.json() == [{"status": "assigned", "count": 2}]


class TestFile:
    def test_it_has_the_rows_of_the_list_in_its_order(self, used: PlanShop) -> None:
        response = used.shop.api.get(f"{used.path}/csv", headers=JSON)
        assert response.headers["content-type"].startswith("text/csv")
        assert response.headers["content-disposition"].endswith('.csv"')
        rows = list(csv.DictReader(io.StringIO(response.text)))
        shown = [
            {name: "" if value is None else str(value) for name, value in item.items()}
            for item in used.licenses()
        ]
        assert rows == shown

    def test_what_a_spreadsheet_would_run_is_text(self, plan: PlanShop) -> None:
        plan.assign("+1@x.example", "=a@x.example")
        file = plan.shop.api.get(f"{plan.path}/csv", params={"status": "assigned"}).text
        assert "'+1@x.example" in file
        assert ",=a@x.example" not in file


class TestOfAPerson:
    @staticmethod
    def find(plan: PlanShop, **query: str) -> list[JsonObject]:
        named = {"enterprise_customer_uuid": str(plan.shop.uuid)} | query
        results: list[JsonObject] = plan.shop.api.json(ALL, params=named)["results"]
        return results

    def test_over_all_plans_whatever_became_of_them(self, plan: PlanShop) -> None:
        other = plan.sibling()
        plan.assign("ana@example.org", "ben@example.org")
        plan.revoke("ana@example.org")
        plan.assign("ana@example.org")
        other.assign("ana@example.org")
        other.activate("ana@example.org")
        found = self.find(plan, user_email=" ANA@example.org")
        assert {each["user_email"] for each in found} == {"ana@example.org"}
        assert [each["status"] for each in found] == ["activated", "assigned", "revoked"]
        assert found[0] == other.license_of("ana@example.org")
        assert self.find(plan, user_email="nobody@example.org") == []

    def test_by_the_account(self, plan: PlanShop) -> None:
        plan.assign("ana@example.org")
        assert self.find(plan, lms_user_id="77") == []
        plan.shop.declare(learners=[{"email": "ana@example.org", "lms_user_id": 77}])
        (found,) = self.find(plan, lms_user_id="77")
        assert found == plan.license_of("ana@example.org")
        assert self.find(plan, lms_user_id="77", user_email="ana@example.org") == [found]
        assert self.find(plan, lms_user_id="77", user_email="ben@example.org") == []

    def test_pages(self, plan: PlanShop) -> None:
        other = plan.sibling()
        for each in (plan, other):
            each.assign("ana@example.org")
        query = {
            "enterprise_customer_uuid": str(plan.shop.uuid),
            "user_email": "ana@example.org",
            "page_size": "1",
        }
        pages = list(plan.shop.api.pages(ALL, params=query))
        plans = [item["subscription_plan_uuid"] for page in pages for item in page["results"]]
        assert plans == [str(other.uuid), str(plan.uuid)]
        response = plan.shop.api.get(ALL, params=query | {"page": "3"}, headers=JSON)
        assert (response.status_code, response.json()) == (404, {"detail": "Invalid page."})

    def test_a_foreign_enterprise_is_as_an_unknown_one(self, plan: PlanShop, api: Api) -> None:
        plan.assign("ana@example.org")
        answers = [
            api.json(
                ALL,
                params={"enterprise_customer_uuid": str(uuid), "user_email": "ana@example.org"},
            )
            for uuid in (plan.shop.uuid, uuid4())
        ]
        assert answers[0] == answers[1]
        assert (answers[0]["count"], answers[0]["results"]) == (0, [])

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({}, {"enterprise_customer_uuid"}),
            ({"enterprise_customer_uuid": "x"}, {"enterprise_customer_uuid"}),
            ({"enterprise_customer_uuid": str(uuid4())}, {"non_field_errors"}),
            (
                {"enterprise_customer_uuid": str(uuid4()), "lms_user_id": "ana"},
                {"lms_user_id"},
            ),
            ({"enterprise_customer_uuid": str(uuid4()), "user_email": ""}, {"non_field_errors"}),
        ],
    )
    def test_bad_parameters(self, api: Api, query: dict[str, str], names: set[str]) -> None:
        response = api.get(ALL, params=query, headers=JSON)
        assert response.status_code == 400
        assert set(response.json()) == names


def reminded(plan: PlanShop) -> list[str]:
    """The recipients of reminders, in the order of the alphabet."""
    mails = Delivery.__table__.c
    statement = select(mails.recipient).where(
        mails.enterprise_uuid == plan.shop.uuid, mails.kind == REMINDER
    )
    with plan.shop.service.database.read() as connection:
        return sorted(connection.scalars(statement))


class TestAllSelected:
    @pytest.fixture
    def held(self, plan: PlanShop) -> PlanShop:
        """Of five learners the first two use their licenses."""
        plan.assign(*learners(5))
        plan.activate(*learners(2))
        return plan

    @staticmethod
    def act(plan: PlanShop, what: str, **query: str) -> httpx.Response:
        return plan.shop.api.post(f"{plan.path}/{what}-all", params=query, headers=JSON)

    def test_reminders_go_to_all_who_have_not_begun(self, held: PlanShop) -> None:
        response = self.act(held, "remind")
        assert (response.status_code, response.content) == (204, b"")
        assert reminded(held) == learners(3, first=2)

    def test_only_to_those_whom_the_filters_select(self, held: PlanShop) -> None:
        wanted = learners(1, first=3)
        assert self.act(held, "remind", user_email=wanted[0].upper()).status_code == 204
        assert reminded(held) == wanted
        for query in ({"user_email": learners(1)[0]}, {"status": "activated,unassigned"}):
            assert self.act(held, "remind", **query).status_code == 404

    def test_revocations_of_all_whom_the_filters_select(self, held: PlanShop) -> None:
        assert self.act(held, "revoke", status="assigned", search="00003").status_code == 204
        assert held.counts == (6, 2, 2, 1)
        response = self.act(held, "revoke")
        assert (response.status_code, response.content) == (204, b"")
        assert held.counts == (10, 0, 0, 5)
        assert self.act(held, "revoke").status_code == 404
        assert held.counts == (10, 0, 0, 5)

    def test_none_when_the_cap_does_not_allow_all(self, held: PlanShop) -> None:
        held.change(is_revocation_cap_enabled=True, revoke_max_percentage=10)
        response = self.act(held, "revoke")
        assert response.status_code == 400
        assert "Not enough revocations" in response.json()["detail"]
        assert held.counts == (5, 3, 2, 0)

    @pytest.mark.parametrize("what", ["revoke", "remind"])
    def test_a_bad_filter_selects_nothing(self, held: PlanShop, what: str) -> None:
        response = self.act(held, what, status="live")
        assert (response.status_code, list(response.json())) == (400, ["status"])
        assert held.counts == (5, 3, 2, 0)

    def test_a_repeated_request_is_answered_as_the_first(self, held: PlanShop) -> None:
        headers = JSON | {"Idempotency-Key": "all"}
        url = f"{held.path}/revoke-all"
        answers = [held.shop.api.post(url, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [204, 204]
        assert answers[1].headers["idempotent-replayed"] == "true"


class TestActivation:
    def test_the_first_use_activates_and_a_second_changes_nothing(self, plan: PlanShop) -> None:
        (given,) = plan.assign("ana@example.org")["license_assignments"]
        first, second = (plan.post(f"{given['license']}/activate", None) for _ in range(2))
        assert first.status_code == second.status_code == 200
        assert first.content == second.content
        assert first.json() == plan.license_of("ana@example.org")
        assert (first.json()["uuid"], first.json()["status"]) == (given["license"], "activated")
        assert plan.counts == (9, 0, 1, 0)

    @pytest.mark.parametrize("status", ["unassigned", "revoked"])
    def test_a_license_that_nobody_holds_cannot_be_activated(
        self, plan: PlanShop, status: str
    ) -> None:
        plan.assign("ana@example.org")
        plan.revoke("ana@example.org")
        uuid = plan.licenses(status=status)[0]["uuid"]
        response = plan.post(f"{uuid}/activate", None)
        assert response.status_code == 422
        assert response.json() == {"detail": f"A license that is {status} cannot be activated."}

    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"is_active": False}, "not active"),
            ({"start_date": "2080-01-01"}, "not started"),
            ({"expiration_date": "2021-01-01"}, "expired"),
        ],
    )
    def test_nor_one_of_a_plan_that_cannot_be_used(
        self, plan: PlanShop, change: dict[str, Any], word: str
    ) -> None:
        plan.assign("ana@example.org", "ben@example.org")
        plan.activate("ben@example.org")
        plan.change(**change)
        response = plan.post(f"{plan.license_of('ana@example.org')['uuid']}/activate", None)
        assert response.status_code == 422
        assert word in response.json()["detail"]
        plan.activate("ben@example.org")
        assert plan.counts == (8, 1, 1, 0)

    def test_a_plan_that_waits_for_its_renewal_lets_its_learners_begin(
        self, plan: PlanShop
    ) -> None:
        plan.assign("ana@example.org")
        plan.change(is_locked_for_renewal_processing=True)
        plan.activate("ana@example.org")

    def test_a_license_is_looked_for_in_its_own_plan(self, plan: PlanShop) -> None:
        (given,) = plan.assign("ana@example.org")["license_assignments"]
        response = plan.sibling().post(f"{given['license']}/activate", None)
        assert response.status_code == 404
        assert plan.counts == (9, 1, 0, 0)


class TestReminders:
    def test_those_who_have_not_begun_are_reminded(self, plan: PlanShop) -> None:
        plan.assign(*learners(2))
        body = {"user_emails": [*learners(2), learners(1)[0].upper()]}
        response = plan.post("remind", body)
        assert (response.status_code, response.content) == (204, b"")

    def test_all_or_none(self, plan: PlanShop) -> None:
        plan.assign(*learners(3))
        plan.activate(*learners(1))
        response = plan.post("remind", {"user_emails": [*learners(2, first=1), *learners(1)]})
        assert response.status_code == 404
        assert response.json()["detail"].startswith(learners(1)[0])

    @pytest.mark.parametrize("body", [{}, {"user_emails": []}, {"user_emails": ["x"]}])
    def test_bad_bodies(self, plan: PlanShop, body: JsonObject) -> None:
        response = plan.post("remind", body)
        assert response.status_code == 400
        assert list(response.json()) == ["user_emails"]
