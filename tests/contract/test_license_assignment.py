"""`POST /enterprise/v1/subscriptions/{subscription_plan_uuid}/licenses/assign`."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from bursar.delivery.models import Delivery
from bursar.subscriptions.checks import check_subscriptions
from testing.clients.api import JsonObject, xml_of
from testing.shops.plan import PlanShop, learners, open_plan
from testing.shops.service import Service
from testing.worlds.contract import hours_from_now

ANA, BEN = "ana@example.org", "ben@example.org"
SFID = "001OE000001f26OXZP"
REQUIRED = ["This field is required."]
NULL = ["This field may not be null."]
NO_TEXT = ["Not a valid string."]
NO_ADDRESS = ["Enter a valid email address."]
NO_FLAG = ["Must be a valid boolean."]
NO_SFID = ["Ensure this field has exactly 18 characters."]
UNEVEN = {"non_field_errors": ["Give exactly one of user_sfids for each of user_emails."]}

BAD_ADDRESSES: list[tuple[Any, Any]] = [
    (None, NULL),
    ([], ["This list may not be empty."]),
    (ANA, ['Expected a list of items but got type "str".']),
    ({ANA: 1}, ['Expected a list of items but got type "dict".']),
    ([""], {"0": NO_ADDRESS}),
    ([" "], {"0": NO_ADDRESS}),
    ([ANA, "ana", None, 7, [ANA]], {"1": NO_ADDRESS, "2": NULL, "3": NO_TEXT, "4": NO_TEXT}),
    (["a@b", "@example.org", "a b@example.org", "a\n@example.org"],
     {str(index): NO_ADDRESS for index in range(4)}),
    (["\x00@example.org"], {"0": ["Null characters are not allowed.", *NO_ADDRESS]}),
]  # fmt: skip
BAD_FIELDS: list[tuple[JsonObject, JsonObject]] = [
    ({"user_sfids": None}, {"user_sfids": NULL}),
    ({"user_sfids": SFID}, {"user_sfids": ['Expected a list of items but got type "str".']}),
    ({"user_sfids": [SFID[:17]]}, {"user_sfids": {"0": NO_SFID}}),
    ({"user_sfids": [SFID + "x"]}, {"user_sfids": {"0": NO_SFID}}),
    ({"user_sfids": [18]}, {"user_sfids": {"0": NO_TEXT}}),
    ({"user_sfids": []}, UNEVEN),
    ({"user_sfids": [SFID, SFID]}, UNEVEN),
    ({"user_sfids": [None, None]}, UNEVEN),
    ({"notify_users": "true"}, {"notify_users": NO_FLAG}),
    ({"notify_users": 1}, {"notify_users": NO_FLAG}),
    ({"notify_users": None}, {"notify_users": NULL}),
    ({"greeting": 1}, {"greeting": NO_TEXT}),
    ({"greeting": None}, {"greeting": NULL}),
    ({"closing": ["x"]}, {"closing": NO_TEXT}),
    ({"closing": "x" * 5001}, {"closing": ["Ensure this field has no more than 5000 characters."]}),
    (
        {"greeting": "a\x00b", "notify_users": 0, "user_sfids": ["x"]},
        {
            "greeting": ["Null characters are not allowed."],
            "notify_users": NO_FLAG,
            "user_sfids": {"0": NO_SFID},
        },
    ),
]


@pytest.fixture
def plan(service: Service) -> PlanShop:
    """With ten licenses."""
    return open_plan(service)


@pytest.fixture(scope="module")
def untouched(service: Service) -> Iterator[PlanShop]:
    """For calls that change nothing."""
    plan = open_plan(service)
    yield plan
    assert plan.counts == (10, 0, 0, 0)


def errors(response: httpx.Response) -> JsonObject:
    assert response.status_code == 400, response.text
    body: JsonObject = response.json()
    return body


def mails(service: Service, plan: PlanShop) -> list[tuple[str, str, JsonObject]]:
    statement = select(Delivery.kind, Delivery.recipient, Delivery.context).order_by(
        Delivery.recipient
    )
    with service.database.read() as connection:
        rows = connection.execute(statement.where(Delivery.enterprise_uuid == plan.shop.uuid))
        return [(row.kind, row.recipient, row.context) for row in rows]


class TestAnswers:
    def test_new_licenses_in_the_order_of_the_request(self, plan: PlanShop) -> None:
        answer = plan.assign("zoe@example.org", ANA, "mia@example.org")
        assert list(answer) == [
            "num_successful_assignments",
            "num_already_associated",
            "license_assignments",
        ]
        assert (answer["num_successful_assignments"], answer["num_already_associated"]) == (3, 0)
        given = answer["license_assignments"]
        assert [list(each) for each in given] == [["user_email", "license"]] * 3
        assert [each["user_email"] for each in given] == [
            "zoe@example.org",
            ANA,
            "mia@example.org",
        ]
        for each in given:
            assert plan.license_of(each["user_email"])["uuid"] == each["license"]
        assert plan.counts == (7, 3, 0, 0)

    def test_addresses_are_trimmed_lowered_and_taken_once(self, plan: PlanShop) -> None:
        answer = plan.assign(f" {BEN.upper()}\t", ANA, BEN, ANA.title())
        assert [each["user_email"] for each in answer["license_assignments"]] == [BEN, ANA]
        assert plan.counts == (8, 2, 0, 0)

    def test_repeating_a_call_gives_nothing_more(self, plan: PlanShop) -> None:
        plan.assign(ANA, BEN)
        plan.activate(ANA)
        assert plan.assign(BEN, ANA) == {
            "num_successful_assignments": 0,
            "num_already_associated": 2,
            "license_assignments": [],
        }

    def test_whoever_holds_one_is_passed_over_also_when_none_is_left(self, plan: PlanShop) -> None:
        plan.assign(*learners(9))
        answer = plan.assign(*learners(10))
        assert (answer["num_successful_assignments"], answer["num_already_associated"]) == (1, 9)
        assert plan.assign(*learners(10))["num_already_associated"] == 10
        assert plan.counts == (0, 10, 0, 0)

    def test_a_revoked_learner_gets_a_new_license(self, plan: PlanShop) -> None:
        (first,) = plan.assign(ANA)["license_assignments"]
        plan.revoke(ANA)
        (second,) = plan.assign(ANA)["license_assignments"]
        assert first["license"] != second["license"]
        assert plan.counts == (9, 1, 0, 1)

    def test_plans_count_by_themselves(self, plan: PlanShop) -> None:
        other = plan.sibling()
        for each in (plan, other):
            assert each.assign(ANA)["num_successful_assignments"] == 1

    def test_ids_are_stored_and_a_repeated_email_keeps_its_first(self, plan: PlanShop) -> None:
        plan.assign(ANA, BEN, ANA.upper(), *learners(1), user_sfids=[SFID, " ", SFID[::-1], None])
        found = {item["user_email"]: item["user_sfid"] for item in plan.licenses(status="assigned")}
        assert found == {ANA: SFID, BEN: None, learners(1)[0]: None}

    def test_a_known_learners_account_is_noted(self, plan: PlanShop) -> None:
        plan.shop.declare(learners=[{"email": ANA, "lms_user_id": 501}])
        plan.assign(ANA, BEN)
        assert plan.license_of(ANA)["lms_user_id"] == 501
        assert plan.license_of(BEN)["lms_user_id"] is None

    def test_xml_holds_the_same(self, plan: PlanShop) -> None:
        root = xml_of(plan.post("assign", {"user_emails": [ANA]}, Accept="application/xml"))
        assert root.findtext("num_successful_assignments") == "1"
        (each,) = root.iterfind("license_assignments/list-item")
        assert each.findtext("license") == plan.license_of(ANA)["uuid"]


class TestMail:
    def test_one_for_each_new_license_with_greeting_and_closing(
        self, service: Service, plan: PlanShop
    ) -> None:
        plan.assign(ANA, greeting="Hello", closing="Bye")
        plan.assign(ANA, BEN, greeting="Again")
        found = mails(service, plan)
        assert [(kind, recipient) for kind, recipient, _ in found] == [
            ("license-assigned", ANA),
            ("license-assigned", BEN),
        ]
        assert [(each["greeting"], each["closing"]) for *_, each in found] == [
            ("Hello", "Bye"),
            ("Again", ""),
        ]

    def test_none_when_it_is_not_wanted_or_nothing_is_assigned(
        self, service: Service, plan: PlanShop
    ) -> None:
        plan.assign(ANA, notify_users=False)
        plan.assign(ANA)
        assert plan.post("assign", {"user_emails": learners(10)}).status_code == 400
        assert mails(service, plan) == []


class TestRefusals:
    @pytest.mark.parametrize(("value", "messages"), BAD_ADDRESSES)
    def test_bad_addresses(self, untouched: PlanShop, value: Any, messages: Any) -> None:
        found = errors(untouched.post("assign", {"user_emails": value}))
        assert found == {"user_emails": messages}

    def test_addresses_are_required(self, untouched: PlanShop) -> None:
        assert errors(untouched.post("assign", {})) == {"user_emails": REQUIRED}

    @pytest.mark.parametrize(("fields", "messages"), BAD_FIELDS)
    def test_bad_fields(
        self, untouched: PlanShop, fields: JsonObject, messages: JsonObject
    ) -> None:
        assert errors(untouched.post("assign", {"user_emails": [ANA]} | fields)) == messages

    def test_lengths_are_compared_before_repetitions_are_dropped(self, untouched: PlanShop) -> None:
        body = {"user_emails": [ANA, ANA], "user_sfids": [SFID]}
        assert errors(untouched.post("assign", body)) == UNEVEN

    def test_fewer_licenses_than_new_learners(self, plan: PlanShop) -> None:
        plan.assign(*learners(4))
        found = errors(plan.post("assign", {"user_emails": learners(11)}))
        assert found == {"detail": "Not enough licenses: 7 wanted, 6 unassigned in the plan."}
        assert plan.counts == (6, 4, 0, 0)

    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"is_active": False}, "not active"),
            ({"start_date": "2080-01-01"}, "not started"),
            ({"expiration_date": "2021-01-01"}, "expired"),
            ({"is_locked_for_renewal_processing": True}, "locked"),
        ],
    )
    def test_plans_that_cannot_be_used(self, plan: PlanShop, change: JsonObject, word: str) -> None:
        plan.assign(BEN)
        plan.change(**change)
        for email in (ANA, BEN):
            response = plan.post("assign", {"user_emails": [email]})
            assert response.status_code == 422
            assert list(response.json()) == ["detail"]
            assert word in response.json()["detail"]
        assert plan.counts == (9, 1, 0, 0)

    @pytest.mark.parametrize(("hours", "status"), [(11.9, 422), (12.1, 200)])
    def test_a_renewal_locks_its_plan_twelve_hours_before(
        self, plan: PlanShop, hours: float, status: int
    ) -> None:
        renewal = {
            "uuid": str(uuid4()),
            "effective_date": hours_from_now(hours),
            "renewed_expiration_date": "2095-01-01",
            "number_of_licenses": 10,
        }
        plan.change(renewals=[renewal])
        assert plan.post("assign", {"user_emails": [ANA]}).status_code == status


class TestRepetition:
    def test_a_call_with_a_key_is_answered_with_the_first_answer(
        self, service: Service, plan: PlanShop
    ) -> None:
        key = str(uuid4())
        first, second = (
            plan.post("assign", {"user_emails": [ANA]}, Idempotency_Key=key) for _ in range(2)
        )
        assert first.json()["num_successful_assignments"] == 1
        assert first.content == second.content
        assert second.headers["idempotent-replayed"] == "true"
        assert len(mails(service, plan)) == 1
        other = plan.post("assign", {"user_emails": [BEN]}, Idempotency_Key=key)
        assert other.status_code == 422
        assert plan.counts == (9, 1, 0, 0)

    def test_a_refusal_is_not_kept(self, plan: PlanShop) -> None:
        key, body = str(uuid4()), {"user_emails": learners(11)}
        assert plan.post("assign", body, Idempotency_Key=key).status_code == 400
        plan.change(num_licenses=11)
        assert plan.post("assign", body, Idempotency_Key=key).status_code == 200


class TestManyAtOnce:
    THREADS, CALLS, EACH = 16, 6, 5

    def test_all_are_served_and_no_license_goes_to_two_learners(
        self, service: Service, plan: PlanShop
    ) -> None:
        wanted = self.THREADS * self.CALLS * self.EACH
        plan.change(num_licenses=wanted)
        barrier = Barrier(self.THREADS)

        def visit(client: int) -> list[JsonObject]:
            barrier.wait(30)
            answers = []
            for call in range(self.CALLS):
                first = (client * self.CALLS + call) * self.EACH
                answers.append(plan.assign(*learners(self.EACH, first), notify_users=False))
            return answers

        with ThreadPoolExecutor(self.THREADS) as threads:
            visits = list(threads.map(visit, range(self.THREADS)))
        given = [each for visit in visits for one in visit for each in one["license_assignments"]]
        assert len({each["license"] for each in given}) == wanted
        assert sorted(each["user_email"] for each in given) == learners(wanted)
        assert plan.counts == (0, wanted, 0, 0)

    def test_no_learner_gets_two(self, service: Service, plan: PlanShop) -> None:
        plan.change(num_licenses=200)
        barrier = Barrier(self.THREADS)

        def visit(client: int) -> list[int]:
            barrier.wait(30)
            spelled = [email.upper() if client % 2 else email for email in learners(40)]
            order = spelled[client:] + spelled[:client]
            return [plan.assign(email)["num_successful_assignments"] for email in order]

        with ThreadPoolExecutor(self.THREADS) as threads:
            successes = sum(sum(each) for each in threads.map(visit, range(self.THREADS)))
        assert successes == 40
        assert plan.counts == (160, 40, 0, 0)
        assert plan.holders("assigned") == learners(40)
        with service.database.transaction() as session:
            assert list(check_subscriptions(session)) == []

    def test_when_there_are_too_few_each_call_succeeds_or_fails_on_its_own_merits(
        self, plan: PlanShop
    ) -> None:
        def call(client: int) -> int:
            return plan.post("assign", {"user_emails": learners(3, 3 * client)}).status_code

        with ThreadPoolExecutor(self.THREADS) as threads:
            statuses = sorted(threads.map(call, range(self.THREADS)))
        assert statuses == [200] * 3 + [400] * 13
        assert plan.counts == (1, 9, 0, 0)
