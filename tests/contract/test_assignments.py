"""`GET .../admin/assignments/`: the list of what was assigned through one configuration."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar.api.assignments import ASSIGNMENTS_EXAMPLE
from testing.clients.api import Api, JsonObject, visible, xml_of
from testing.shops.budget import COURSE, PRICED, BudgetShop, emails, open_budget
from testing.shops.service import Service
from testing.worlds.contract import ACME
from testing.worlds.contract_credit import named

# What `credit_world` puts there: one of each kind, and so two that are failed.
ACME_COUNTS = [
    {"learner_state": "failed", "count": 2},
    {"learner_state": "expired", "count": 1},
    {"learner_state": "notifying", "count": 1},
    {"learner_state": "waiting", "count": 1},
]
JSON = {"Accept": "application/json"}


@dataclass(frozen=True)
class Stocked:
    """A budget of twenty-five assignments, the first five cancelled."""

    budget: BudgetShop
    uuids: list[str]

    def found(self, **parameters: Any) -> list[int]:
        """By their number."""
        items = self.budget.assignments(**parameters)["results"]
        return [self.uuids.index(item["uuid"]) for item in items]


@pytest.fixture(scope="module")
def stocked(service: Service) -> Stocked:
    budget = open_budget(service, deposit=1_000_000)
    budget.know(**{"learner-0": 7000, "learner-24": 7024})
    cheap = budget.assigned(*emails(20), price=100)
    dear = budget.assigned(*emails(5, first=20), content=PRICED)
    assert budget.act("cancel", cheap[:5]).status_code == 200
    return Stocked(budget, cheap + dear)


@pytest.fixture(scope="module")
def path_of_acme() -> str:
    configuration = named(ACME, "configuration")
    return f"/enterprise/v1/assignment-configurations/{configuration}/admin/assignments/"


class TestShape:
    def test_envelope_and_items_have_the_keys_of_the_reference_in_its_order(
        self, api: Api, path_of_acme: str
    ) -> None:
        page = api.json(path_of_acme)
        (example,) = ASSIGNMENTS_EXAMPLE["results"]
        assert list(page) == list(ASSIGNMENTS_EXAMPLE)
        for item in page["results"]:
            assert list(item) == list(example)
            assert list(item["recent_action"]) == list(example["recent_action"])
        assert all(
            list(count) == ["learner_state", "count"] for count in page["learner_state_counts"]
        )

    def test_the_numbers_of_the_envelope(self, stocked: Stocked) -> None:
        page = stocked.budget.assignments(page_size=10, page=3)
        path = f"{stocked.budget.shop.service.url}{stocked.budget.assignments_path}"
        assert {name: page[name] for name in list(page)[:6]} == {
            "count": 25,
            "page_count": 3,
            "page_size": 10,
            "current_page": 3,
            "next": None,
            "previous": f"{path}?page_size=10&page=2",
        }
        assert len(page["results"]) == 5

    @pytest.mark.parametrize(
        ("size", "expected"), [(None, 50), ("7", 7), ("501", 500), ("0", 50), ("-1", 50), ("x", 50)]
    )
    def test_page_sizes(self, stocked: Stocked, size: str | None, expected: int) -> None:
        page = stocked.budget.assignments(**({} if size is None else {"page_size": size}))
        assert page["page_size"] == expected

    def test_every_kind_of_assignment_and_its_count(self, api: Api, path_of_acme: str) -> None:
        page = api.json(path_of_acme)
        shown = {(item["state"], item["learner_state"]) for item in page["results"]}
        assert shown == {
            ("allocated", "notifying"),
            ("allocated", "waiting"),
            ("allocated", "failed"),
            ("accepted", None),
            ("cancelled", None),
            ("errored", "failed"),
            ("expired", "expired"),
            ("reversed", None),
        }
        assert page["learner_state_counts"] == ACME_COUNTS

    def test_a_configuration_without_assignments(self, service: Service) -> None:
        assert open_budget(service).assignments() == {
            "count": 0,
            "page_count": 1,
            "page_size": 50,
            "current_page": 1,
            "next": None,
            "previous": None,
            "results": [],
            "learner_state_counts": [],
        }

    def test_xml_holds_the_same(self, stocked: Stocked) -> None:
        url, shop = stocked.budget.assignments_path, stocked.budget.shop
        page = stocked.budget.assignments(page_size=3)
        root = xml_of(shop.api.get(url, params={"page_size": 3}, headers={"Accept": "text/xml"}))
        assert [child.tag for child in root] == list(page)
        for element, item in zip(root.iterfind("results/*"), page["results"], strict=True):
            assert [child.tag for child in element] == list(item)
            assert element.findtext("uuid") == item["uuid"]
            assert element.findtext("recent_action/timestamp") == item["recent_action"]["timestamp"]

    def test_an_item_says_what_its_allocation_said_and_three_things_more(
        self, service: Service
    ) -> None:
        budget = open_budget(service)
        (created,) = budget.allocate(*emails(1))["created"]
        (item,) = budget.assignments()["results"]
        assert {name: item.pop(name) for name in created} == created
        assert item["recent_action"].pop("timestamp").endswith("Z")
        assert item == {
            "recent_action": {"action_type": "assigned"},
            "learner_state": "notifying",
            "error_reason": None,
        }


class TestOrder:
    def test_the_latest_action_comes_first_and_uuids_break_ties(self, stocked: Stocked) -> None:
        results = stocked.budget.assignments()["results"]
        times = [item["recent_action"]["timestamp"] for item in results]
        assert times == sorted(times, reverse=True)
        dear, cheap = results[:5], results[5:]
        assert {item["content_quantity"] for item in dear} == {-10_000}
        for same in (dear, cheap):
            assert [item["uuid"] for item in same] == sorted(item["uuid"] for item in same)

    @pytest.mark.parametrize("name", ["content_quantity", "recent_action_time"])
    def test_a_minus_sign_turns_it_around(self, stocked: Stocked, name: str) -> None:
        cheap, dear = set(range(20)), set(range(20, 25))
        upwards, downwards = (stocked.found(ordering=order) for order in (name, f"-{name}"))
        first, last = (dear, cheap) if name == "content_quantity" else (cheap, dear)
        assert set(upwards[: len(first)]) == first
        assert set(downwards[: len(last)]) == last

    def test_by_state_of_the_learner(self, api: Api, path_of_acme: str) -> None:
        page = api.json(path_of_acme, params={"ordering": "learner_state_sort_order"})
        states = [item["learner_state"] for item in page["results"]]
        named_states = ["notifying", "waiting", "expired", "failed", "failed"]
        assert states == [*named_states, None, None, None]

    @pytest.mark.parametrize("size", [1, 7, 24, 25, 26])
    @pytest.mark.parametrize("ordering", ["content_quantity", "-learner_state_sort_order"])
    def test_walking_all_pages_yields_every_assignment_once(
        self, stocked: Stocked, size: int, ordering: str
    ) -> None:
        parameters = {"page_size": size, "ordering": ordering, "search": "learner"}
        pages = list(
            stocked.budget.shop.api.pages(stocked.budget.assignments_path, params=parameters)
        )
        walked = [item["uuid"] for page in pages for item in page["results"]]
        assert len(pages) == -(-25 // size)
        assert sorted(walked) == sorted(stocked.uuids)
        assert {page["count"] for page in pages} == {25}

    def test_the_last_page_has_a_name(self, stocked: Stocked) -> None:
        last = stocked.budget.assignments(page_size=10, page="last")
        assert last == stocked.budget.assignments(page_size=10, page=3)

    @pytest.mark.parametrize("page", ["0", "-1", "4", "x", "1.0"])
    def test_pages_that_are_not_there(self, stocked: Stocked, page: str) -> None:
        url = stocked.budget.assignments_path
        response = stocked.budget.shop.api.get(
            url, params={"page_size": 10, "page": page}, headers=JSON
        )
        assert (response.status_code, response.json()) == (404, {"detail": "Invalid page."})


class TestFilters:
    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            ({"state": "cancelled"}, range(5)),
            ({"state__in": "cancelled,allocated"}, range(25)),
            ({"state__in": ["cancelled", "accepted"]}, range(5)),
            ({"state": "reversed"}, []),
            ({"learner_state": "notifying"}, range(5, 25)),
            ({"learner_email": " LEARNER-3@Example.ORG "}, [3]),
            ({"learner_email__in": "learner-3@example.org,LEARNER-4@example.org,no"}, [3, 4]),
            ({"lms_user_id": "7024"}, [24]),
            ({"lms_user_id__in": ["7000", "7024,1"]}, [0, 24]),
            ({"search": "LEARNER-2@"}, [2]),
            ({"search": "R-2"}, [2, *range(20, 25)]),
            ({"search": "%"}, []),
            ({"search": "", "state": ""}, range(25)),
            ({"state": "allocated", "search": "learner-1@"}, []),
            ({"nobody": "knows this"}, range(25)),
        ],
    )
    def test_all_of_them_hold(
        self, stocked: Stocked, parameters: JsonObject, expected: list[int]
    ) -> None:
        assert sorted(stocked.found(**parameters)) == list(expected)

    def test_by_content_and_by_its_title(self, stocked: Stocked) -> None:
        dear = list(range(20, 25))
        key, other = stocked.budget.key(PRICED), stocked.budget.key(COURSE)
        assert sorted(stocked.found(content_key=key)) == dear
        assert sorted(stocked.found(content_key__in=f"{key},x")) == dear
        assert sorted(stocked.found(search=f"course {key}".upper())) == dear
        assert len(stocked.found(content_key__in=[key, other])) == 25

    @pytest.mark.parametrize(
        ("parameters", "counts"),
        [
            ({}, [{"learner_state": "notifying", "count": 20}]),
            ({"page_size": "1"}, [{"learner_state": "notifying", "count": 20}]),
            ({"search": "learner-1"}, [{"learner_state": "notifying", "count": 10}]),
            ({"state": "cancelled"}, []),
            ({"learner_state": "waiting"}, []),
        ],
    )
    def test_counts_are_those_of_the_filtered_set(
        self, stocked: Stocked, parameters: JsonObject, counts: list[JsonObject]
    ) -> None:
        assert stocked.budget.assignments(**parameters)["learner_state_counts"] == counts

    def test_counts_of_kinds(self, api: Api, path_of_acme: str) -> None:
        page = api.json(path_of_acme, params={"state__in": "allocated,expired"})
        assert page["learner_state_counts"] == [
            {"learner_state": name, "count": 1}
            for name in ("expired", "failed", "notifying", "waiting")
        ]

    @pytest.mark.parametrize(
        "parameters",
        [
            {"state": "lost"},
            {"state__in": "allocated,lost"},
            {"learner_state": "lost", "learner_state__in": "lost", "ordering": "name"},
            {"lms_user_id": "x", "lms_user_id__in": "1,x", "state": "lost"},
            {"lms_user_id": "9" * 30},
            {"ordering": "-"},
            {"format": "yaml", "state": "lost"},
        ],
    )
    def test_every_bad_value_is_named_at_once(
        self, stocked: Stocked, parameters: dict[str, str]
    ) -> None:
        response = stocked.budget.shop.api.get(
            stocked.budget.assignments_path, params=parameters, headers=JSON
        )
        assert response.status_code == 400
        body = response.json()
        assert set(body) == set(parameters)
        assert all(isinstance(messages, list) and messages for messages in body.values())


def test_a_foreign_configuration_is_as_an_unknown_one(api: Api, stocked: Stocked) -> None:
    path, own = stocked.budget.assignments_path, str(stocked.budget.configuration_uuid)
    foreign = api.get(path, headers=JSON)
    unknown = api.get(path.replace(own, str(uuid4())), headers=JSON)
    assert foreign.status_code == 404
    assert visible(foreign) == visible(unknown)


def test_siblings_do_not_see_each_others_assignments(service: Service) -> None:
    budget = open_budget(service)
    other = budget.sibling()
    mine, theirs = budget.assigned(*emails(2)), other.assigned(*emails(2))
    assert set(budget.states) == set(mine)
    assert set(other.states) == set(theirs)
    assert all(UUID(uuid) for uuid in mine + theirs)
