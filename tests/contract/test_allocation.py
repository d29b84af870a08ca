"""`POST /enterprise/v1/policy-allocation/{policy_uuid}/allocate/`: what is answered 202."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import uuid4

import pytest

from bursar import clock
from bursar.api.allocation import ALLOCATION_EXAMPLE
from bursar.audit.service import Wanted, entries
from testing.clients.api import Api, JsonObject, visible, xml_of
from testing.servers.processes import run_bursar
from testing.shops.budget import COURSE, PRICED, BudgetShop, emails, open_budget
from testing.shops.service import Service
from testing.worlds.contract import HOSTILE_TEXT, course, run

ANA, BEN = "ana@example.org", "ben@example.org"
BUCKETS = ["updated", "created", "no_change"]
REPLAYED = "idempotent-replayed"


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    """With 100,000 cents."""
    return open_budget(service)


def addresses(answer: JsonObject) -> dict[str, list[str]]:
    """By what happened to their assignments, where something did."""
    return {
        name: [item["learner_email"] for item in items] for name, items in answer.items() if items
    }


def test_the_answer_has_the_keys_of_the_reference_in_its_order(budget: BudgetShop) -> None:
    answer = budget.allocate(ANA)
    assert list(answer) == list(ALLOCATION_EXAMPLE) == BUCKETS
    (example,) = ALLOCATION_EXAMPLE["created"]
    (item,) = answer["created"]
    assert list(item) == list(example)
    assert list(item["earliest_possible_expiration"]) == ["date", "reason"]


def test_a_new_assignment_says_all_there_is_to_say(budget: BudgetShop) -> None:
    budget.know(ana=123123)
    before = clock.now()
    ana, ben = budget.allocate(ANA, BEN, price=1234)["created"]
    expiration = ana.pop("earliest_possible_expiration")
    assert ana.pop("uuid") != ben.pop("uuid")
    assert ana == {
        "assignment_configuration": str(budget.configuration_uuid),
        "learner_email": ANA,
        "lms_user_id": 123123,
        "content_key": budget.key(COURSE),
        "content_title": f"Course {budget.key(COURSE)}",
        "content_quantity": -1234,
        "state": "allocated",
        "transaction_uuid": None,
        "actions": [],
    }
    assert (ben["learner_email"], ben["lms_user_id"]) == (BEN, None)
    assert expiration["reason"] == "NINETY_DAYS_PASSED"
    late = datetime.fromisoformat(expiration["date"]) - timedelta(days=90)
    assert before <= late <= datetime.now(UTC)


def test_learners_are_answered_in_the_order_of_the_request(budget: BudgetShop) -> None:
    budget.assigned(*emails(4), price=1)
    cancelled = budget.assigned(*emails(4, first=10), price=1)
    assert budget.act("cancel", cancelled).status_code == 200
    wanted = list(reversed(emails(30)))
    answer = budget.allocate(*wanted, price=1)
    places = {name: list(map(wanted.index, found)) for name, found in addresses(answer).items()}
    assert {name: len(found) for name, found in places.items()} == {
        "updated": 4,
        "created": 22,
        "no_change": 4,
    }
    assert all(found == sorted(found) for found in places.values())


def test_an_address_counts_once_however_it_is_written(budget: BudgetShop) -> None:
    answer = budget.allocate(" Ana@Example.org", BEN, "ANA@EXAMPLE.ORG\t", ANA, f"\n{BEN}")
    assert addresses(answer) == {"created": [ANA, BEN]}
    assert budget.figures == (0, 20_000, 80_000)


def test_who_has_the_course_keeps_it_at_the_old_price_and_costs_nothing(
    budget: BudgetShop,
) -> None:
    (first,) = budget.allocate(ANA, price=40_000)["created"]
    answer = budget.allocate(ANA, BEN, price=60_000)
    assert addresses(answer) == {"created": [BEN], "no_change": [ANA]}
    assert answer["no_change"] == [first]
    assert budget.figures == (0, 100_000, 0)


def test_repeating_a_call_that_used_the_whole_budget_is_answered_well(budget: BudgetShop) -> None:
    first = budget.allocate(ANA, BEN, price=50_000)
    again = budget.allocate(ANA, BEN, price=50_000)
    assert (again["no_change"], again["created"]) == (first["created"], [])


def test_a_cancelled_assignment_is_allocated_again_at_the_new_price(budget: BudgetShop) -> None:
    (uuid,) = budget.assigned(ANA, price=90_000)
    assert budget.act("cancel", [uuid]).status_code == 200
    answer = budget.allocate(ANA, price=100_000)
    (item,) = answer["updated"]
    assert addresses(answer) == {"updated": [ANA]}
    assert (item["uuid"], item["content_quantity"]) == (uuid, -100_000)
    assert budget.figures == (0, 100_000, 0)


def test_a_course_and_its_run_are_two_contents(budget: BudgetShop) -> None:
    budget.allocate(ANA)
    wish = budget.wish(ANA) | {"content_key": budget.run_key(COURSE)}
    (item,) = budget.ask(wish).json()["created"]
    assert item["content_key"] == budget.run_key(COURSE)
    assert item["content_title"] == f"Run {budget.run_key(COURSE)}"


def test_free_courses_cost_nothing(service: Service) -> None:
    budget = open_budget(service, deposit=0, spend_limit=0)
    (item,) = budget.allocate(ANA, price=0)["created"]
    assert item["content_quantity"] == 0
    assert budget.figures == (0, 0, 0)


@pytest.mark.parametrize("price", [9_500, 10_000, 10_500])
def test_a_price_may_be_five_percent_off(budget: BudgetShop, price: int) -> None:
    (item,) = budget.allocate(ANA, content=PRICED, price=price)["created"]
    assert item["content_quantity"] == -price


def test_the_earliest_deadline_is_told_with_its_reason(budget: BudgetShop) -> None:
    end = (clock.now() + timedelta(days=10)).replace(microsecond=0)
    only = run(budget.run_key("Soon"), enrollment_end=end.isoformat())
    budget.shop.stock(course(budget.key("Soon"), only))
    (soon,) = budget.allocate(ANA, content="Soon")["created"]
    assert soon["earliest_possible_expiration"] == {
        "date": clock.format_instant(end),
        "reason": "ENROLLMENT_DATE_PASSED",
    }
    budget.change_subsidy(expiration_datetime=end.isoformat())
    (item,) = budget.allocate(BEN, content="Soon")["created"]
    assert item["earliest_possible_expiration"]["reason"] == "SUBSIDY_EXPIRED"


def test_xml_has_the_same_elements_with_the_same_text(budget: BudgetShop) -> None:
    title = "".join(HOSTILE_TEXT.values())
    budget.shop.stock(course(budget.key("Odd"), run(budget.run_key("Odd")), title=title))
    budget.allocate(ANA, content="Odd")
    wish = budget.wish(ANA, content="Odd")
    root = xml_of(budget.ask(wish, Accept="application/xml"))
    (item,) = budget.ask(wish).json()["no_change"]
    assert [child.tag for child in root] == BUCKETS
    (element,) = root[2]
    assert element.tag == "list-item"
    assert [child.tag for child in element] == list(item)
    plain = ["uuid", "learner_email", "content_key", "content_quantity", "state"]
    assert [element.findtext(name) for name in plain] == [str(item[name]) for name in plain]
    assert element.findtext("lms_user_id") == element.findtext("actions") == ""
    assert element.findtext("earliest_possible_expiration/reason") == "NINETY_DAYS_PASSED"
    shown = element.findtext("content_title")
    assert shown is not None
    assert "]]> <![CDATA[ & < >" in shown


class TestIdempotencyKey:
    def test_a_repeated_call_is_answered_as_the_first_was(self, budget: BudgetShop) -> None:
        wish, key = budget.wish(ANA), str(uuid4())
        first, again = (budget.ask(wish, Idempotency_Key=key) for _ in range(2))
        assert (first.status_code, REPLAYED in first.headers) == (202, False)
        assert again.headers[REPLAYED] == "true"
        assert (again.status_code, again.content) == (202, first.content)
        assert list(first.json()["created"][0]) == list(ALLOCATION_EXAMPLE["created"][0])

    def test_the_replay_tells_of_then_and_not_of_now(self, budget: BudgetShop) -> None:
        wish, key = budget.wish(ANA), str(uuid4())
        first = budget.ask(wish, Idempotency_Key=key)
        (item,) = first.json()["created"]
        assert budget.act("cancel", [item["uuid"]]).status_code == 200
        assert budget.ask(wish, Idempotency_Key=key).content == first.content
        assert budget.states == {item["uuid"]: "cancelled"}

    def test_a_refusal_is_tried_again(self, budget: BudgetShop) -> None:
        wish, key = budget.wish(ANA, price=100_001), str(uuid4())
        assert budget.ask(wish, Idempotency_Key=key).status_code == 422
        budget.deposit(1)
        good = budget.ask(wish, Idempotency_Key=key)
        assert (good.status_code, REPLAYED in good.headers) == (202, False)

    def test_of_calls_at_the_same_time_one_allocates(self, budget: BudgetShop) -> None:
        wish, key = budget.wish(*emails(10), price=10_000), str(uuid4())
        with ThreadPoolExecutor(6) as threads:
            calls = [threads.submit(budget.ask, wish, Idempotency_Key=key) for _ in range(6)]
            answers = [call.result() for call in calls]
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.content for answer in answers}) == 1
        assert sum(REPLAYED not in answer.headers for answer in answers) == 1
        assert len(answers[0].json()["created"]) == 10


def test_calls_at_the_same_time_for_the_same_learner_make_one_assignment(
    budget: BudgetShop,
) -> None:
    spellings = [ANA, " ANA@example.org", "Ana@Example.Org ", "\tana@EXAMPLE.org"] * 2
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(budget.allocate, spellings))
    created = list(chain.from_iterable(answer["created"] for answer in answers))
    others = list(chain.from_iterable(answer["no_change"] for answer in answers))
    assert len(created) == 1
    assert others == created * 7
    assert budget.figures == (0, 10_000, 90_000)


class TestAuditTrail:
    def test_each_assignment_leaves_an_entry_with_the_request_and_no_address(
        self, service: Service, budget: BudgetShop
    ) -> None:
        request_id = f"test-{uuid4()}"
        response = budget.ask(budget.wish(ANA, BEN), X_Request_ID=request_id)
        assert response.headers["x-request-id"] == request_id
        with service.database.read() as connection:
            rows = [
                row
                for row in entries(connection, Wanted(enterprise_uuid=budget.shop.uuid))
                if row.request_id == request_id
            ]
        created = [item["uuid"] for item in response.json()["created"]]
        assert [row.object_id for row in rows] == created
        assert {(row.action, row.actor) for row in rows} == {
            ("assignment.allocated", f"{budget.shop.org}-client")
        }
        assert "example.org" not in str(rows)

    def test_the_command_line_shows_it(self, service: Service, budget: BudgetShop) -> None:
        request_id = f"test-{uuid4()}"
        (uuid,) = [
            item["uuid"]
            for item in budget.ask(budget.wish(ANA), X_Request_ID=request_id).json()["created"]
        ]
        url = service.database.url.render_as_string(hide_password=False)
        finished = run_bursar(
            "audit", "--enterprise", str(budget.shop.uuid), env={"BURSAR_DATABASE_URL": url}
        )
        assert finished.returncode == 0, finished.stderr
        (line,) = [line for line in finished.stdout.splitlines() if request_id in line]
        assert uuid in line
        assert "assignment.allocated" in line

    def test_what_is_refused_leaves_none(self, service: Service, budget: BudgetShop) -> None:
        request_id = f"test-{uuid4()}"
        wish = budget.wish(ANA, price=100_001)
        assert budget.ask(wish, X_Request_ID=request_id).status_code == 422
        with service.database.read() as connection:
            rows = list(entries(connection, Wanted(enterprise_uuid=budget.shop.uuid)))
        assert request_id not in {row.request_id for row in rows}


def test_ten_thousand_learners_are_taken_in_one_call_and_one_more_is_too_many(
    tuned: Service,
) -> None:
    budget = open_budget(tuned, deposit=10_000)
    refused = budget.ask(budget.wish(*emails(10_001), price=0))
    assert refused.status_code == 400
    assert refused.json() == {
        "learner_emails": ["Ensure this field has no more than 10000 elements."]
    }
    answer = budget.allocate(*emails(10_000), price=1)
    assert addresses(answer) == {"created": emails(10_000)}
    assert budget.figures == (0, 10_000, 0)


def test_the_policy_of_another_enterprise_is_unknown(api: Api, budget: BudgetShop) -> None:
    headers = {"Accept": "application/json"}
    wish = budget.wish(ANA)
    foreign = api.post(budget.allocation_path, json=wish, headers=headers)
    unknown = api.post(
        budget.allocation_path.replace(str(budget.uuid), str(uuid4())), json=wish, headers=headers
    )
    assert foreign.status_code == 404
    assert visible(foreign) == visible(unknown)
    assert budget.assignments()["count"] == 0
