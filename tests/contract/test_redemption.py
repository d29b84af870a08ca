"""`.../policy-redemption/{policy_uuid}/`: redeem, look at the transaction, reverse it."""

from datetime import timedelta
from uuid import uuid4

import pytest

from bursar import clock
from bursar.api.redemption import TRANSACTION_EXAMPLE
from bursar.credit.policy_types import PER_LEARNER_ENROLLMENT, PER_LEARNER_SPEND
from testing.clients.api import Api, JsonObject, visible, xml_of
from testing.shops.budget import (
    COURSE,
    PRICED,
    BudgetShop,
    open_budget,
    reason_against,
    redeemed,
)
from testing.shops.service import Service
from testing.waiting import wait_until
from testing.worlds.contract import course, run

ANA, BEN = "ana@example.org", "ben@example.org"
JSON = {"Accept": "application/json"}
REQUIRED = ["This field is required."]
ONE_LEARNER = ["Give either learner_email or lms_user_id."]


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    """With 100,000 cents, and nobody who would settle its transactions."""
    return open_budget(service)


class TestRedeem:
    def test_the_answer_names_everything_and_where_to_look(self, budget: BudgetShop) -> None:
        budget.know(ana=41)
        (assignment,) = budget.assigned(ANA)
        response = budget.redeem(learner_email=ANA)
        answer = response.json()
        assert list(answer) == list(TRANSACTION_EXAMPLE)
        created, modified = answer.pop("created"), answer.pop("modified")
        assert created == modified
        assert answer == {
            "uuid": answer["uuid"],
            "state": "created",
            "content_key": budget.key(COURSE),
            "quantity": -10_000,
            "courserun_key": budget.run_key(COURSE),
            "lms_user_id": 41,
            "learner_email": ANA,
            "subsidy_access_policy": str(budget.uuid),
            "subsidy_uuid": str(budget.subsidy_uuid),
            "assignment_uuid": assignment,
            "error": None,
        }
        assert budget.shop.api.json(response.headers["location"]) == response.json()
        assert budget.transaction(answer["uuid"]) == response.json()

    def test_until_it_is_settled_the_assignment_is_taken(self, budget: BudgetShop) -> None:
        (assignment,) = budget.assigned(ANA)
        uuid = redeemed(budget, learner_email=ANA)["uuid"]
        assert budget.figures == (10_000, 0, 90_000)
        assert budget.assignment(assignment)["state"] == "allocated"
        for what in ("cancel", "remind"):
            response = budget.act(what, [assignment])
            assert response.status_code == 422
            assert response.json()["assignment_uuids"] == {assignment: "redeeming"}
        assert budget.act_on_all("cancel").status_code == 404
        assert reason_against(budget, learner_email=ANA) == "redemption_in_progress"
        assert budget.reverse(uuid).status_code == 422
        assert [item["uuid"] for item in budget.allocate(ANA)["no_change"]] == [assignment]
        assert budget.figures == (10_000, 0, 90_000)

    def test_a_run_of_the_assigned_course_is_redeemed_with_it(self, budget: BudgetShop) -> None:
        (assignment,) = budget.assigned(ANA)
        answer = budget.redeem_with(
            {"learner_email": ANA, "content_key": budget.run_key(COURSE)}
        ).json()
        assert answer["assignment_uuid"] == assignment
        assert answer["content_key"] == answer["courserun_key"] == budget.run_key(COURSE)

    def test_with_a_key_it_is_paid_once(self, budget: BudgetShop) -> None:
        budget.assigned(ANA)
        body = {"learner_email": ANA, "content_key": budget.key(COURSE)}
        key = str(uuid4())
        first, again = (budget.redeem_with(body, Idempotency_Key=key) for _ in range(2))
        assert first.content == again.content
        assert first.headers["location"] == again.headers["location"]
        assert again.headers["idempotent-replayed"] == "true"
        assert budget.figures == (10_000, 0, 90_000)

    def test_xml_holds_the_same(self, budget: BudgetShop) -> None:
        budget.assigned(ANA)
        body = {"learner_email": ANA, "content_key": budget.key(COURSE)}
        root = xml_of(budget.redeem_with(body, Accept="application/xml"))
        assert [child.tag for child in root] == list(TRANSACTION_EXAMPLE)
        assert (root.findtext("state"), root.findtext("quantity")) == ("created", "-10000")


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "messages"),
        [
            ({}, {"non_field_errors": ONE_LEARNER}),
            ({"learner_email": ANA, "lms_user_id": 1}, {"non_field_errors": ONE_LEARNER}),
            ({"learner_email": "ana"}, {"learner_email": ["Enter a valid email address."]}),
            ({"lms_user_id": "1"}, {"lms_user_id": ["A valid integer is required."]}),
            ({"lms_user_id": True}, {"lms_user_id": ["A valid integer is required."]}),
            (
                {"learner_email": 1, "lms_user_id": 0, "content_key": " "},
                {
                    "content_key": ["This field may not be blank."],
                    "learner_email": ["Not a valid string."],
                    "lms_user_id": ["Ensure this value is greater than or equal to 1."],
                },
            ),
            ({"content_key": None}, {"content_key": ["This field may not be null."]}),
        ],
    )
    def test_bad_fields(self, budget: BudgetShop, fields: JsonObject, messages: JsonObject) -> None:
        response = budget.redeem_with({"content_key": budget.key(COURSE)} | fields)
        assert (response.status_code, response.json()) == (400, messages)

    def test_the_key_is_required(self, budget: BudgetShop) -> None:
        response = budget.redeem_with({"learner_email": ANA})
        assert (response.status_code, response.json()) == (400, {"content_key": REQUIRED})

    def test_what_was_never_assigned(self, budget: BudgetShop) -> None:
        budget.assigned(ANA)
        assert reason_against(budget, learner_email=BEN) == "assignment_not_found"
        assert reason_against(budget, PRICED, learner_email=ANA) == "assignment_not_found"
        assert reason_against(budget, lms_user_id=987) == "learner_unknown"

    def test_what_was_cancelled(self, budget: BudgetShop) -> None:
        uuids = budget.assigned(ANA)
        budget.act("cancel", uuids)
        assert reason_against(budget, learner_email=ANA) == "assignment_not_allocated"

    def test_a_budget_that_is_closed(self, budget: BudgetShop) -> None:
        budget.assigned(ANA, price=0)  # With money allocated it could not be closed.
        budget.change(active=False)
        assert reason_against(budget, learner_email=ANA) == "policy_expired"
        budget.change(active=True, retired=True)
        assert reason_against(budget, learner_email=ANA) == "policy_expired"

    def test_a_subsidy_that_has_ended(self, budget: BudgetShop) -> None:
        budget.assigned(ANA)
        budget.change_subsidy(expiration_datetime="2021-01-01T00:00:00Z")
        assert reason_against(budget, learner_email=ANA) == "subsidy_expired"
        budget.change(late_redemption_allowed_until="2080-01-01T00:00:00Z")
        assert reason_against(budget, learner_email=ANA) == "subsidy_expired"
        assert budget.figures == (0, 10_000, 90_000)

    def test_an_assignment_past_its_deadline_before_any_task_ran(self, budget: BudgetShop) -> None:
        # The sooner it closes the better, but a busy machine may be too slow to assign by then.
        for seconds in (1, 5, 30):
            end = clock.now() + timedelta(seconds=seconds)
            closing = run(budget.run_key(COURSE), enrollment_end=end.isoformat())
            budget.shop.stock(course(budget.key(COURSE), closing))
            answer = budget.ask(budget.wish(ANA))
            if answer.status_code == 202:
                break
        uuids = [each["uuid"] for each in answer.json()["created"]]
        wait_until(lambda: clock.now() > end, "the course has closed")
        assert reason_against(budget, learner_email=ANA) == "assignment_expired"
        assert budget.states == dict.fromkeys(uuids, "allocated")

    def test_limits_of_a_learner(self, service: Service) -> None:
        spend = open_budget(service, policy_type=PER_LEARNER_SPEND, per_learner_spend_limit=9_999)
        assert reason_against(spend, PRICED, learner_email=ANA) == "learner_max_spend_reached"
        assert reason_against(spend, COURSE, learner_email=ANA) == "price_unknown"
        assert reason_against(spend, "Unknown", learner_email=ANA) == "content_not_in_catalog"
        counted = open_budget(
            service, policy_type=PER_LEARNER_ENROLLMENT, per_learner_enrollment_limit=0
        )
        assert (
            reason_against(counted, PRICED, learner_email=ANA) == "learner_max_enrollments_reached"
        )

    def test_limits_of_the_money(self, service: Service) -> None:
        poor = open_budget(service, deposit=9_999, policy_type=PER_LEARNER_SPEND)
        assert reason_against(poor, PRICED, learner_email=ANA) == "not_enough_value_in_subsidy"
        limited = open_budget(service, policy_type=PER_LEARNER_SPEND, spend_limit=19_999)
        redeemed(limited, PRICED, learner_email=ANA)
        assert reason_against(limited, PRICED, learner_email=BEN) == "policy_spend_limit_reached"
        assert limited.figures == (10_000, 0, 9_999)

    def test_others_know_nothing_of_it(self, api: Api, budget: BudgetShop) -> None:
        budget.assigned(ANA)
        uuid = redeemed(budget, learner_email=ANA)["uuid"]
        path = f"{budget.redemption_path}transactions/{uuid}/"
        unknown = api.get(path.replace(uuid, str(uuid4())), headers=JSON)
        assert unknown.status_code == 404
        assert visible(api.get(path, headers=JSON)) == visible(unknown)
        assert visible(api.post(f"{path}reverse/", headers=JSON)) == visible(unknown)
        body = {"learner_email": ANA, "content_key": budget.key(COURSE)}
        foreign = api.post(f"{budget.redemption_path}redeem/", json=body, headers=JSON)
        assert visible(foreign) == visible(unknown)

    def test_a_transaction_is_found_under_its_own_policy_only(self, budget: BudgetShop) -> None:
        budget.assigned(ANA)
        uuid = redeemed(budget, learner_email=ANA)["uuid"]
        path = f"{budget.sibling().redemption_path}transactions/{uuid}/"
        assert budget.shop.api.get(path, headers=JSON).status_code == 404
        assert budget.shop.api.post(f"{path}reverse/", headers=JSON).status_code == 404
