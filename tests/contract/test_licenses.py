"""Licenses of a plan: their list, their activation and reminders, all beyond the reference."""

from typing import Any

import pytest

from bursar import clock
from testing.clients.api import JsonObject
from testing.shops.plan import PlanShop, learners, open_plan
from testing.shops.service import Service

JSON = {"Accept": "application/json"}


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
            ({"unknown": "x"}, 12),
        ],
    )
    def test_filters(self, used: PlanShop, parameters: dict[str, Any], number: int) -> None:
        page = used.shop.api.json(used.path, params=parameters)
        assert (page["count"], len(page["results"])) == (number, number)

    def test_bad_parameters_are_told_at_once(self, used: PlanShop) -> None:
        query = {"status": "assigned,gone", "search": "x" * 1001, "format": "yaml"}
        response = used.shop.api.get(used.path, params=query, headers=JSON)
        assert response.status_code == 400
        assert set(response.json()) == set(query)

    def test_walking_all_pages_yields_every_license_once(self, plan: PlanShop) -> None:
        plan.change(num_licenses=230)
        plan.assign(*learners(150))
        pages = list(plan.shop.api.pages(plan.path))
        found = [item for page in pages for item in page["results"]]
        assert [len(page["results"]) for page in pages] == [100, 100, 30]
        assert {page["count"] for page in pages} == {230}
        assert len({item["uuid"] for item in found}) == 230
        assert [item["user_email"] for item in found] == [*learners(150), *[None] * 80]

    @pytest.mark.parametrize("page", ["0", "2", "x"])
    def test_pages_that_are_not_there(self, used: PlanShop, page: str) -> None:
        response = used.shop.api.get(used.path, params={"page": page}, headers=JSON)
        assert (response.status_code, response.json()) == (404, {"detail": "Invalid page."})


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
