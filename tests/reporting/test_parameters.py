import json
from typing import Any
from uuid import uuid4

import pytest

from bursar.database.engine import Database
from bursar.reporting.fields import NAMES
from testing.worlds.reporting import World, learner, row
from tests.reporting.calling import Api


class Filled:
    """A report of twelve rows."""

    def __init__(self, database: Database) -> None:
        emails = [f"l{number}@example.com" for number in range(12)]
        self.world = World(database).write(
            map(learner, emails), [], [row(email, "course-v1:a+b+c") for email in emails]
        )
        self.uuid = self.world.uuid
        self.api = Api(database)
        self.api.admit(self.uuid)

    def refusal(self, **query: Any) -> tuple[int, dict[str, Any]]:
        answer = self.api.get(self.uuid, **query)
        return answer.status, json.loads(answer.body)


@pytest.fixture
def filled(database: Database) -> Filled:
    return Filled(database)


def test_every_bad_parameter_is_named_and_all_of_them_at_once(filled: Filled) -> None:
    names = [
        "ordering",
        "search_start_date",
        "search_enrollment",
        "learner_activity",
        "passed_date",
        "progress_status",
        "updated_since",
    ]
    status, body = filled.refusal(**dict.fromkeys(names, "nonsense"), page_size=3, page=77)
    assert status == 400
    assert sorted(body) == sorted(names)


@pytest.mark.parametrize("name", ["search", "search_course", "search_all", "user_email"])
def test_a_text_too_long_to_be_meant_is_refused(filled: Filled, name: str) -> None:
    assert filled.refusal(**{name: "x" * 1001})[0] == 400
    assert filled.api.get(filled.uuid, **{name: "x" * 1000}).status == 200


@pytest.mark.parametrize("day", ["2026-02-30", "2026-W10-1", "20260301", "1/2/2026", "2026-3-1"])
def test_a_day_is_written_in_one_way(filled: Filled, day: str) -> None:
    assert list(filled.refusal(search_start_date=day)[1]) == ["search_start_date"]


def test_an_unknown_field_to_order_by_is_named(filled: Filled) -> None:
    status, body = filled.refusal(ordering="user_email,-shoe_size,user_password")
    assert status == 400
    messages = " ".join(body["ordering"])
    assert '"shoe_size"' in messages
    assert '"user_password"' in messages
    assert "user_email" not in messages


@pytest.mark.parametrize("sign", ["", "-"])
def test_all_fields_can_be_ordered_by_at_once(filled: Filled, sign: str) -> None:
    ordering = ",".join(sign + name for name in NAMES)
    assert len(filled.api.ids(filled.uuid, ordering=ordering)) == 12


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sign", ["", "-"])
def test_each_field_can_be_ordered_by(filled: Filled, name: str, sign: str) -> None:
    assert len(filled.api.ids(filled.uuid, ordering=sign + name)) == 12
    assert len(filled.api.lines(filled.uuid, ordering=sign + name)) == 12


@pytest.mark.parametrize(
    ("asked", "size"), [(None, 10), (3, 3), (0, 10), (-1, 10), ("many", 10), (10**9, 12)]
)
def test_a_page_has_a_sensible_size(filled: Filled, asked: object, size: int) -> None:
    query = {} if asked is None else {"page_size": asked}
    assert len(filled.api.page(filled.uuid, **query)["results"]) == size


@pytest.mark.parametrize("query", [{}, {"search": "l"}, {"ordering": "user_email"}])
def test_pages_are_numbered_as_everywhere(filled: Filled, query: dict[str, str]) -> None:
    for page in (0, 4, -1, "x", 10**15):
        assert filled.api.get(filled.uuid, page_size=5, page=page, **query).status == 404
    last = filled.api.page(filled.uuid, page_size=5, page="last", **query)
    assert (last["current_page"], last["start"], last["num_pages"]) == (3, 10, 3)
    assert last["next"] is None
    assert "page=2" in last["previous"]
    assert len(last["results"]) == 2


def test_an_enterprise_without_enrollments_has_an_empty_first_page(database: Database) -> None:
    world, api = World(database), Api(database)
    api.admit(world.uuid)
    page = api.page(world.uuid)
    assert list(page) == [
        "next",
        "previous",
        "count",
        "num_pages",
        "current_page",
        "start",
        "results",
    ]
    assert (page["count"], page["num_pages"], page["results"]) == (0, 1, [])
    assert api.table(world.uuid) == []
    assert api.get(world.uuid, page=2).status == 404


def test_another_enterprises_report_is_as_one_that_does_not_exist(filled: Filled) -> None:
    other = World(filled.world.database)
    filled.api.admit(other.uuid)
    for accept in ("application/json", "text/csv", "application/x-ndjson"):
        foreign = filled.api.get(filled.uuid, client=other.uuid, accept=accept)
        unknown = filled.api.get(uuid4(), client=other.uuid, accept=accept)
        assert (foreign.status, foreign.body) == (unknown.status, unknown.body)
        assert foreign.status == 404
        assert foreign.stream is None
