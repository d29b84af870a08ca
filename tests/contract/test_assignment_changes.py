"""`.../admin/assignments/remind/`, `cancel/`, `remind-all/` and `cancel-all/`."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from bursar.delivery.models import Delivery
from testing.clients.api import visible, xml_of
from testing.shops.budget import PRICE, PRICED, BudgetShop, emails, open_budget
from testing.shops.service import Service
from testing.worlds.contract import ACME, ADMIN
from testing.worlds.contract_credit import named

JSON = {"Accept": "application/json"}
INVALID_UUID = ["Must be a valid UUID."]
BAD_LISTS: list[tuple[Any, Any]] = [
    ({}, ["This field is required."]),
    ({"assignment_uuids": None}, ["This field may not be null."]),
    ({"assignment_uuids": []}, ["This list may not be empty."]),
    ({"assignment_uuids": str(ACME)}, ['Expected a list of items but got type "str".']),
    (
        {"assignment_uuids": [str(ACME), "x", 7, None, f" {ACME}", ""]},
        {"1": INVALID_UUID, "2": INVALID_UUID, "3": ["This field may not be null."]}
        | {"4": INVALID_UUID, "5": INVALID_UUID},
    ),
]
changes = pytest.mark.parametrize("what", ["remind", "cancel"])


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    """With 100,000 cents."""
    return open_budget(service)


def mails(service: Service, uuids: Sequence[str]) -> Counter[str]:
    """Kinds of the mails about these assignments, allocations left out."""
    statement = select(Delivery.kind, Delivery.subject_uuid)
    with service.database.read() as connection:
        rows = connection.execute(statement).all()
    wanted = {UUID(uuid) for uuid in uuids}
    found = Counter(kind for kind, subject in rows if subject in wanted)
    del found["assignment-allocated"]
    return found


class TestBody:
    @changes
    @pytest.mark.parametrize(("body", "messages"), BAD_LISTS)
    def test_bad_lists(self, budget: BudgetShop, what: str, body: Any, messages: Any) -> None:
        response = budget.act_on(what, body)
        assert response.status_code == 400
        assert response.json() == {"assignment_uuids": messages}

    @changes
    def test_more_than_ten_thousand_are_too_many(self, tuned: Service, what: str) -> None:
        budget = open_budget(tuned)
        response = budget.act(what, [str(uuid4()) for _ in range(10_001)])
        assert response.status_code == 400
        message = "Ensure this field has no more than 10000 elements."
        assert response.json() == {"assignment_uuids": [message]}

    @changes
    def test_of_ten_thousand_unknown_ones_each_is_named(self, tuned: Service, what: str) -> None:
        budget = open_budget(tuned)
        uuids = [str(uuid4()) for _ in range(10_000)]
        response = budget.act(what, uuids)
        assert response.status_code == 422
        assert response.json()["assignment_uuids"] == dict.fromkeys(uuids, "not found")

    @changes
    def test_a_configuration_that_is_not_there(
        self, service: Service, budget: BudgetShop, what: str
    ) -> None:
        uuids = budget.assigned(*emails(1))
        own, foreign = str(budget.configuration_uuid), service.acting_as(ADMIN)
        url = f"{budget.assignments_path}{what}/"
        answers = [
            foreign.post(url, json={"assignment_uuids": uuids}, headers=JSON),
            budget.shop.api.post(
                url.replace(own, str(uuid4())), json={"assignment_uuids": uuids}, headers=JSON
            ),
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert visible(answers[0]) == visible(answers[1])
        assert budget.states == {uuids[0]: "allocated"}


class TestAllOrNone:
    @changes
    def test_all_good_is_200_without_a_body(
        self, service: Service, budget: BudgetShop, what: str
    ) -> None:
        uuids = budget.assigned(*emails(3))
        response = budget.act(what, [*uuids, uuids[0].upper()])
        assert (response.status_code, response.content) == (200, b"")
        kind = {"remind": "assignment-reminded", "cancel": "assignment-cancelled"}[what]
        assert mails(service, uuids) == {kind: 3}

    @changes
    def test_one_of_another_configuration_among_many_and_nothing_is_done(
        self, service: Service, budget: BudgetShop, what: str
    ) -> None:
        uuids = budget.assigned(*emails(300), price=1)
        sibling = budget.sibling().assigned(*emails(1), price=1)
        stranger = open_budget(service).assigned(*emails(1))
        unknown = [str(uuid4())]
        mixed = [*uuids[:150], *sibling, *stranger, *unknown, *uuids[150:]]
        response = budget.act(what, mixed)
        assert response.status_code == 422
        body = response.json()
        assert list(body) == ["detail", "assignment_uuids"]
        assert body["detail"]
        assert body["assignment_uuids"] == dict.fromkeys(
            [*sibling, *stranger, *unknown], "not found"
        )
        assert set(budget.states.values()) == {"allocated"}
        assert mails(service, [*uuids, *sibling, *stranger]) == {}
        assert budget.figures[1] == 300

    def test_what_cannot_be_reminded_is_named_with_its_state(self, service: Service) -> None:
        api = service.acting_as(ADMIN)
        states = ["accepted", "cancelled", "errored", "expired", "reversed"]
        uuids = {state: str(named(ACME, f"{state} assignment")) for state in states}
        allocated = str(named(ACME, "allocated assignment"))
        url = f"/enterprise/v1/assignment-configurations/{named(ACME, 'configuration')}"
        body = {"assignment_uuids": [allocated, *uuids.values()]}
        for what, kept in (("remind", states), ("cancel", ["accepted", "expired", "reversed"])):
            response = api.post(f"{url}/admin/assignments/{what}/", json=body, headers=JSON)
            assert response.status_code == 422
            expected = {uuids[state]: state for state in kept}
            assert response.json()["assignment_uuids"] == expected
        assert mails(service, [allocated, *uuids.values()]) == {}

    @changes
    def test_the_refusal_in_xml(self, budget: BudgetShop, what: str) -> None:
        uuid = "5" + str(uuid4())[1:]
        root = xml_of(budget.act(what, [uuid], Accept="application/xml"))
        assert [child.tag for child in root] == ["detail", "assignment_uuids"]
        assert [(child.tag, child.text) for child in root[1]] == [(f"_{uuid}", "not found")]


class TestCancel:
    def test_the_money_is_free_at_once(self, budget: BudgetShop) -> None:
        uuids = budget.assigned(*emails(10))
        assert budget.figures == (0, 100_000, 0)
        budget.act("cancel", uuids[:3])
        assert budget.figures == (0, 70_000, 30_000)
        assert budget.allocate("new@example.org", price=30_000)["created"]

    def test_cancelling_twice_is_cancelling_once(
        self, service: Service, budget: BudgetShop
    ) -> None:
        uuids = budget.assigned(*emails(2))
        for asked in (uuids[:1], uuids, uuids):
            assert budget.act("cancel", asked).status_code == 200
        assert mails(service, uuids) == {"assignment-cancelled": 2}
        assert budget.figures == (0, 0, 100_000)

    def test_calls_at_the_same_time_free_it_once(
        self, service: Service, budget: BudgetShop
    ) -> None:
        uuids = budget.assigned(*emails(10))
        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(lambda _: budget.act("cancel", uuids), range(6)))
        assert {answer.status_code for answer in answers} == {200}
        assert budget.figures == (0, 0, 100_000)
        assert mails(service, uuids) == {"assignment-cancelled": 10}

    def test_the_action_is_there_before_its_mail_left(self, budget: BudgetShop) -> None:
        (uuid,) = budget.assigned(*emails(1))
        budget.act("cancel", [uuid])
        item = budget.assignment(uuid)
        assert (item["state"], item["learner_state"], item["error_reason"]) == (
            "cancelled",
            None,
            None,
        )


class TestRemind:
    def test_reminding_twice_sends_twice(self, service: Service, budget: BudgetShop) -> None:
        uuids = budget.assigned(*emails(2))
        for _ in range(2):
            assert budget.act("remind", uuids).status_code == 200
        assert mails(service, uuids) == {"assignment-reminded": 4}

    def test_with_a_key_it_sends_once(self, service: Service, budget: BudgetShop) -> None:
        uuids, key = budget.assigned(*emails(2)), str(uuid4())
        answers = [budget.act("remind", uuids, Idempotency_Key=key) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert [answer.content for answer in answers] == [b""] * 3
        assert answers[2].headers["idempotent-replayed"] == "true"
        assert mails(service, uuids) == {"assignment-reminded": 2}

    def test_money_and_states_stay(self, budget: BudgetShop) -> None:
        uuids = budget.assigned(*emails(2))
        before = budget.assignments(), budget.figures
        budget.act("remind", uuids)
        assert (budget.assignments(), budget.figures) == before


class TestAllThatAreSelected:
    def test_every_allocated_one_is_reminded(self, service: Service, budget: BudgetShop) -> None:
        uuids = budget.assigned(*emails(4))
        budget.act("cancel", uuids[:1])
        response = budget.act_on_all("remind")
        assert (response.status_code, response.content) == (202, b"")
        assert mails(service, uuids[1:]) == {"assignment-reminded": 3}
        assert mails(service, uuids[:1]) == {"assignment-cancelled": 1}

    def test_the_filters_select(self, service: Service, budget: BudgetShop) -> None:
        uuids = budget.assigned(*emails(5))
        priced = budget.assigned(*emails(3), content=PRICED)
        key = budget.key(PRICED)
        assert budget.act_on_all("cancel", content_key=key).status_code == 202
        assert budget.figures == (0, 5 * PRICE, 100_000 - 5 * PRICE)
        chosen = {"learner_email__in": " LEARNER-0@example.org,learner-3@example.org"}
        assert budget.act_on_all("remind", **chosen).status_code == 202
        assert mails(service, uuids) == {"assignment-reminded": 2}
        assert mails(service, priced) == {"assignment-cancelled": 3}
        assert budget.act_on_all("cancel", search="learner", state="allocated").status_code == 202
        assert budget.figures == (0, 0, 100_000)

    @pytest.mark.parametrize("what", ["remind", "cancel"])
    def test_none_to_do_it_to_is_404(self, budget: BudgetShop, what: str) -> None:
        assert budget.act_on_all(what).status_code == 404
        uuids = budget.assigned(*emails(2))
        assert budget.act_on_all(what, search="nobody").status_code == 404
        assert budget.act_on_all(what, state="cancelled").status_code == 404
        assert set(budget.states.values()) == {"allocated"}
        budget.act("cancel", uuids)
        assert budget.act_on_all(what).status_code == 404

    @pytest.mark.parametrize("what", ["remind", "cancel"])
    def test_bad_filters_are_named_and_nothing_is_done(self, budget: BudgetShop, what: str) -> None:
        budget.assigned(*emails(2))
        response = budget.act_on_all(what, state="lost", lms_user_id="x")
        assert response.status_code == 400
        assert set(response.json()) == {"state", "lms_user_id"}
        assert set(budget.states.values()) == {"allocated"}

    def test_other_configurations_are_left_alone(self, budget: BudgetShop) -> None:
        other = budget.sibling()
        budget.assigned(*emails(2))
        theirs = other.assigned(*emails(2))
        assert budget.act_on_all("cancel").status_code == 202
        assert other.states == dict.fromkeys(theirs, "allocated")
        assert other.figures == (0, 20_000, 80_000)
