"""`POST /enterprise/v1/subscriptions/{subscription_plan_uuid}/licenses/bulk-revoke`."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bursar.subscriptions.checks import check_subscriptions
from testing.clients.api import JsonObject, xml_of
from testing.shops.plan import PlanShop, learners, open_plan
from testing.shops.service import Service

AL, ALBA, BO, CAL = (f"{name}@example.org" for name in ("al", "alba", "bo", "cal"))
ONE_WAY = {"non_field_errors": ["Give either user_emails or filters."]}
ASSIGNED = {"status_in": ["assigned"]}
NO_LIST = "Expected a list of items but got type"

BAD_FILTERS: list[tuple[Any, Any]] = [
    ([], "may not be empty"),
    (None, "may not be null"),
    ({"user_email": "al"}, NO_LIST),
    ("al", NO_LIST),
    (7, NO_LIST),
    ([{}], "user_email or status_in"),
    ([{"email": "al"}], "user_email or status_in"),
    ([{"user_email": "al", "email": "x"}], "user_email or status_in"),
    (["al"], "Expected an object"),
    ([None], None),
    ([[{"user_email": "al"}]], "Expected an object"),
    ([{"user_email": "al"}, 7], "Expected an object"),
    ([{"user_email": None}], "Not a valid string"),
    ([{"user_email": ["al"]}], "Not a valid string"),
    ([{"user_email": {"user_email": "al"}}], "Not a valid string"),
    ([{"user_email": ""}], "may not be blank"),
    ([{"user_email": " \t"}], "may not be blank"),
    ([{"user_email": "a\x00b"}], "Null characters"),
    ([{"status_in": "assigned"}], "Expected a list"),
    ([{"status_in": {"assigned": True}}], "Expected a list"),
    ([{"status_in": None}], "Expected a list"),
    ([{"status_in": []}], "may not be empty"),
    ([{"status_in": ["gone"]}], "Valid values are"),
    ([{"status_in": ["assigned", "Assigned"]}], "Valid values are"),
    ([{"status_in": [["assigned"]]}], "Valid values are"),
    ([{"status_in": [{"status": "assigned"}]}], "Valid values are"),
    ([{"status_in": [None]}], "Valid values are"),
    ([{"name": "user_email"}], "name and filter_value"),
    ([{"filter_value": "al"}], "name and filter_value"),
    ([{"name": "user_email", "filter_value": "al", "x": 1}], "name and filter_value"),
    ([{"name": ["user_email"], "filter_value": "al"}], "name and filter_value"),
    ([{"name": "email", "filter_value": "al"}], "user_email or status_in"),
    ([{"name": "user_email", "filter_value": 7}], "Not a valid string"),
    ([{"name": "status_in", "filter_value": "assigned"}], "Expected a list"),
    ([{"name": "user_email", "filter_value": {"name": "user_email", "filter_value": "al"}}],
     "Not a valid string"),
    ([{"user_email": "al"}] * 101, "no more than 100"),
]  # fmt: skip
GOOD_FILTERS: list[tuple[list[JsonObject], list[str]]] = [
    ([{"user_email": "al"}], [AL, ALBA, CAL]),
    ([{"user_email": " AL "}], [AL, ALBA, CAL]),
    ([{"name": "user_email", "filter_value": "AL"}], [AL, ALBA, CAL]),
    ([{"user_email": "al@"}], [AL, CAL]),
    ([{"user_email": "al"}, {"user_email": "ba"}], [ALBA]),
    ([{"status_in": ["activated"]}], [CAL]),
    ([{"status_in": ["activated", "assigned"]}], [AL, ALBA, BO, CAL]),
    ([{"name": "status_in", "filter_value": ["activated"]}], [CAL]),
    ([{"user_email": "al"}, {"status_in": ["assigned"]}], [AL, ALBA]),
    ([{"user_email": "al", "status_in": ["assigned"]}], [AL, ALBA]),
    ([{"name": "user_email", "filter_value": "al"}, {"status_in": ["assigned"]}], [AL, ALBA]),
    ([{"status_in": ["assigned"]}, {"status_in": ["activated"]}], []),
    ([{"status_in": ["unassigned", "revoked"]}], []),
    ([{"status_in": ["assigned", "revoked", "unassigned"]}], [AL, ALBA, BO]),
    ([{"user_email": "%"}], []),
    ([{"user_email": "_"}], []),
    ([{"user_email": "nobody"}], []),
    ([{"user_email": "zed"}], []),
]


@pytest.fixture
def plan(service: Service) -> PlanShop:
    """Of ten licenses, three assigned and one activated; one was revoked."""
    return used(service)


@pytest.fixture(scope="module")
def untouched(service: Service) -> Iterator[PlanShop]:
    """For calls that change nothing."""
    plan = used(service)
    yield plan
    assert plan.counts == (6, 3, 1, 1)


def used(service: Service, **fields: Any) -> PlanShop:
    plan = open_plan(service, **fields)
    plan.assign(AL, ALBA, BO, CAL, "zed@example.org")
    plan.activate(CAL)
    assert plan.revoke("zed@example.org").status_code == 204
    return plan


def errors(response: httpx.Response) -> JsonObject:
    assert response.status_code == 400, response.text
    body: JsonObject = response.json()
    return body


class TestByEmail:
    def test_all_are_revoked_and_the_total_stays(self, plan: PlanShop) -> None:
        response = plan.revoke(f" {AL.upper()}", CAL, AL)
        assert (response.status_code, response.content) == (204, b"")
        assert plan.holders("revoked") == [AL, CAL, "zed@example.org"]
        assert plan.counts == (8, 2, 0, 3)
        assert plan.item["licenses"]["total"] == 10

    def test_a_revoked_license_keeps_its_learner_and_its_dates(self, plan: PlanShop) -> None:
        before = plan.license_of(CAL)
        plan.revoke(CAL)
        (after,) = (item for item in plan.licenses(status="revoked") if item["user_email"] == CAL)
        assert after.pop("revoked_date") is not None
        assert after == {
            name: value for name, value in before.items() if name != "revoked_date"
        } | {"status": "revoked"}

    @pytest.mark.parametrize("stranger", ["nobody@example.org", "zed@example.org"])
    def test_all_without_a_live_license_are_named_and_nothing_is_revoked(
        self, untouched: PlanShop, stranger: str
    ) -> None:
        response = untouched.revoke(AL, stranger.upper(), "another@example.org", CAL)
        assert response.status_code == 404
        assert list(response.json()) == ["detail"]
        assert response.json()["detail"].startswith(f"{stranger}, another@example.org have no ")
        assert str(untouched.uuid) in response.json()["detail"]

    def test_a_license_of_another_plan_does_not_count(self, untouched: PlanShop) -> None:
        other = untouched.sibling()
        response = other.revoke(AL)
        assert response.status_code == 404
        assert AL in response.json()["detail"]

    def test_a_refusal_in_xml(self, untouched: PlanShop) -> None:
        body = {"user_emails": ["nobody@example.org"]}
        response = untouched.post("bulk-revoke", body, Accept="application/xml")
        assert response.status_code == 404
        assert "nobody@example.org" in (xml_of(response).findtext("detail") or "")

    @pytest.mark.parametrize(
        "change",
        [
            {"is_active": False},
            {"start_date": "2080-01-01"},
            {"expiration_date": "2021-01-01"},
            {"is_locked_for_renewal_processing": True},
        ],
    )
    def test_any_plan_will_do(self, plan: PlanShop, change: JsonObject) -> None:
        plan.change(**change)
        assert plan.revoke(AL, CAL).status_code == 204
        assert plan.counts == (8, 2, 0, 3)


class TestByFilter:
    @pytest.mark.parametrize(("filters", "emails"), GOOD_FILTERS)
    def test_filters_must_all_hold(
        self, plan: PlanShop, filters: list[JsonObject], emails: list[str]
    ) -> None:
        response = plan.revoke_matching(*filters)
        assert (response.status_code, response.content) == (204, b"")
        revoked = [email for email in plan.holders("revoked") if email != "zed@example.org"]
        assert revoked == emails
        assert plan.counts[0] == 6 + len(emails)

    def test_a_second_time_there_is_nothing_left(self, plan: PlanShop) -> None:
        for _ in range(2):
            assert plan.revoke_matching({"user_email": "al"}).status_code == 204
        assert plan.counts == (9, 1, 0, 4)

    @pytest.mark.parametrize(("filters", "message"), BAD_FILTERS)
    def test_bad_filters(self, untouched: PlanShop, filters: Any, message: str | None) -> None:
        found = errors(untouched.post("bulk-revoke", {"filters": filters}))
        assert list(found) == ["filters"]
        assert message is None or message in str(found)

    def test_only_the_bad_ones_are_named(self, untouched: PlanShop) -> None:
        found = errors(untouched.revoke_matching(ASSIGNED, {}, {"user_email": "al"}, 7))
        assert set(found["filters"]) == {"1", "3"}


class TestBody:
    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"user_email": AL},
            {"user_emails": [AL], "filters": [ASSIGNED]},
            {"notify_users": True},
        ],
    )
    def test_exactly_one_way_of_naming_them(self, untouched: PlanShop, body: JsonObject) -> None:
        assert errors(untouched.post("bulk-revoke", body)) == ONE_WAY

    @pytest.mark.parametrize(
        ("value", "messages"),
        [
            ([], ["This list may not be empty."]),
            (None, ["This field may not be null."]),
            (AL, [f'{NO_LIST} "str".']),
            ([AL, "al"], {"1": ["Enter a valid email address."]}),
            ([AL, None], {"1": ["This field may not be null."]}),
            ([AL, 7], {"1": ["Not a valid string."]}),
        ],
    )
    def test_bad_addresses(self, untouched: PlanShop, value: Any, messages: Any) -> None:
        found = errors(untouched.post("bulk-revoke", {"user_emails": value}))
        assert found == {"user_emails": messages}

    @pytest.mark.parametrize(
        "body",
        [
            {"user_emails": [], "filters": [ASSIGNED]},
            {"user_emails": [AL], "filters": []},
            {"user_emails": None, "filters": [ASSIGNED]},
            {"user_emails": [AL], "filters": None},
        ],
    )
    def test_an_empty_one_beside_a_good_one_is_refused(
        self, untouched: PlanShop, body: JsonObject
    ) -> None:
        errors(untouched.post("bulk-revoke", body))

    @pytest.mark.parametrize("body", [[], "x", None, [{"user_emails": [AL]}]])
    def test_a_body_is_an_object(self, untouched: PlanShop, body: Any) -> None:
        errors(untouched.post("bulk-revoke", body))


class TestCap:
    @pytest.fixture
    def capped(self, service: Service) -> PlanShop:
        """Two of its four activated licenses may be revoked."""
        plan = open_plan(service, is_revocation_cap_enabled=True, revoke_max_percentage=11)
        plan.assign(*learners(6))
        plan.activate(*learners(4))
        return plan

    def test_activated_ones_are_counted_and_none_is_revoked_beyond_it(
        self, capped: PlanShop
    ) -> None:
        found = errors(capped.revoke(*learners(3)))
        assert list(found) == ["detail"]
        assert "3 activated" in found["detail"]
        assert "2 revocations remain" in found["detail"]
        assert capped.counts == (4, 2, 4, 0)
        assert capped.revoke(*learners(2)).status_code == 204
        assert capped.item["revocations"] == {"total": 2, "used": 2, "remaining": 0}
        assert errors(capped.revoke(*learners(1, first=2)))

    def test_assigned_ones_cost_nothing(self, capped: PlanShop) -> None:
        assert capped.revoke(*learners(4, first=2)).status_code == 204
        assert capped.item["revocations"] == {"total": 2, "used": 2, "remaining": 0}
        capped.assign("late@example.org")
        assert capped.revoke("late@example.org").status_code == 204

    def test_filters_are_held_to_it_too(self, capped: PlanShop) -> None:
        errors(capped.revoke_matching({"user_email": "learner"}))
        assert capped.counts == (4, 2, 4, 0)
        assert capped.revoke_matching(ASSIGNED).status_code == 204
        assert capped.item["revocations"]["used"] == 0

    def test_a_cap_that_is_lowered_below_what_was_used_leaves_nothing(
        self, capped: PlanShop
    ) -> None:
        capped.revoke(*learners(2))
        capped.change(revoke_max_percentage=1)
        assert capped.item["revocations"] == {"total": 1, "used": 2, "remaining": -1}
        assert "0 revocations remain" in errors(capped.revoke(*learners(1, first=2)))["detail"]


class TestRepetition:
    def test_a_call_with_a_key_is_answered_with_the_first_answer(self, plan: PlanShop) -> None:
        key = str(uuid4())
        first, second = (
            plan.post("bulk-revoke", {"user_emails": [AL]}, Idempotency_Key=key) for _ in range(2)
        )
        assert (first.status_code, second.status_code) == (204, 204)
        assert second.headers["idempotent-replayed"] == "true"
        assert plan.counts == (7, 2, 1, 2)
        assert plan.revoke(AL).status_code == 404


class TestManyAtOnce:
    def test_of_eight_who_revoke_the_same_license_one_does_it(
        self, service: Service, plan: PlanShop
    ) -> None:
        for email, counts in ((AL, (7, 2, 1, 2)), (CAL, (8, 2, 0, 3))):
            barrier = Barrier(8)

            def call(_: int, email: str = email, barrier: Barrier = barrier) -> int:
                barrier.wait(30)
                return plan.revoke(email).status_code

            with ThreadPoolExecutor(8) as threads:
                statuses = sorted(threads.map(call, range(8)))
            assert statuses == [204] + [404] * 7
            assert plan.counts == counts
            assert plan.item["licenses"]["total"] == 10
        with service.database.transaction() as session:
            assert list(check_subscriptions(session)) == []

    def test_assignment_and_revocation_meet_without_harm(
        self, service: Service, plan: PlanShop
    ) -> None:
        """Learners come and go, in calls whose learners overlap in another order."""
        emails = learners(6)
        plan.change(num_licenses=16)

        def visit(client: int) -> set[int]:
            statuses = set()
            for step in range(8):
                some = [emails[(client + step + number * (1 + 4 * (client % 2))) % 6]
                        for number in range(3)]  # fmt: skip
                what = "assign" if (client + step) % 2 else "bulk-revoke"
                statuses.add(plan.post(what, {"user_emails": some}).status_code)
            return statuses

        with ThreadPoolExecutor(8) as threads:
            statuses = set[int]().union(*threads.map(visit, range(8)))
        assert statuses <= {200, 204, 404}
        assert plan.item["licenses"]["total"] == 16
        held = plan.holders("assigned,activated")
        assert len(set(held)) == len(held)
        with service.database.transaction() as session:
            assert list(check_subscriptions(session)) == []


class TestBestEffort:
    @pytest.fixture
    def held(self, service: Service) -> PlanShop:
        """AL and ALBA use their licenses, BO and CAL have not begun."""
        plan = open_plan(service)
        plan.assign(AL, ALBA, BO, CAL)
        plan.activate(AL, ALBA)
        return plan

    @staticmethod
    def revoke(plan: PlanShop, body: JsonObject, **headers: str) -> httpx.Response:
        return plan.post("bulk-revoke?best_effort=true", body, **headers)

    def test_all_good_is_200_and_itemised(self, held: PlanShop) -> None:
        licenses = {email: held.license_of(email)["uuid"] for email in (CAL, AL)}
        response = self.revoke(held, {"user_emails": [CAL.upper(), AL, CAL]})
        assert response.status_code == 200
        assert response.json() == {
            "successful_revocations": [
                {"license_uuid": licenses[CAL], "original_status": "assigned", "user_email": CAL},
                {"license_uuid": licenses[AL], "original_status": "activated", "user_email": AL},
            ],
            "unsuccessful_revocations": [],
        }
        assert held.counts == (8, 1, 1, 2)

    def test_the_good_ones_are_done_and_the_others_named(self, held: PlanShop) -> None:
        held.change(is_revocation_cap_enabled=True, revoke_max_percentage=10)
        names = ["nobody@example.org", AL, BO, ALBA]
        response = self.revoke(held, {"user_emails": names})
        assert response.status_code == 207
        body = response.json()
        assert [each["user_email"] for each in body["successful_revocations"]] == [AL, BO]
        failed = body["unsuccessful_revocations"]
        assert [list(each) for each in failed] == [
            ["error", "error_response_status", "user_email"]
        ] * 2
        assert [(each["user_email"], each["error_response_status"]) for each in failed] == [
            ("nobody@example.org", 404),
            (ALBA, 400),
        ]
        assert "Not enough revocations" in failed[1]["error"]
        assert held.counts == (8, 1, 1, 2)
        with held.shop.service.database.transaction() as session:
            assert list(check_subscriptions(session)) == []

    def test_filters_take_the_alphabet(self, held: PlanShop) -> None:
        held.change(is_revocation_cap_enabled=True, revoke_max_percentage=10)
        response = self.revoke(held, {"filters": [{"status_in": ["activated"]}]})
        assert response.status_code == 207
        body = response.json()
        assert [each["user_email"] for each in body["successful_revocations"]] == [AL]
        assert [each["user_email"] for each in body["unsuccessful_revocations"]] == [ALBA]

    def test_nothing_to_do_is_an_empty_answer(self, held: PlanShop) -> None:
        response = self.revoke(held, {"filters": [{"user_email": "zzz"}]})
        assert response.status_code == 200
        assert response.json() == {"successful_revocations": [], "unsuccessful_revocations": []}

    @pytest.mark.parametrize("flag", ["false", ""])
    def test_it_has_to_be_asked_for(self, held: PlanShop, flag: str) -> None:
        what = f"bulk-revoke?best_effort={flag}"
        response = held.post(what, {"user_emails": [AL, "nobody@example.org"]})
        assert response.status_code == 404
        assert held.counts == (6, 2, 2, 0)

    def test_a_bad_flag_or_body_changes_nothing(self, held: PlanShop) -> None:
        response = held.post("bulk-revoke?best_effort=maybe", {"user_emails": [AL]})
        assert (response.status_code, list(response.json())) == (400, ["best_effort"])
        assert self.revoke(held, {"user_emails": []}).status_code == 400
        assert self.revoke(held, {}).json() == ONE_WAY
        assert held.counts == (6, 2, 2, 0)

    def test_a_repeated_request_is_answered_as_the_first(self, held: PlanShop) -> None:
        body = {"user_emails": [AL, "nobody@example.org"]}
        answers = [self.revoke(held, body, **{"Idempotency-Key": "effort"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [207, 207]
        assert answers[0].json() == answers[1].json()
        assert answers[1].headers["idempotent-replayed"] == "true"

    def test_xml_holds_the_same(self, held: PlanShop) -> None:
        response = self.revoke(held, {"user_emails": [AL]}, Accept="application/xml")
        root = xml_of(response)
        assert root.findtext("successful_revocations/list-item/user_email") == AL
