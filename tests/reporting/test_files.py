"""The whole report as a file."""

import pytest

from bursar.database.engine import Database
from bursar.reporting import queries
from bursar.reporting.fields import NAMES
from testing.worlds.reporting import World, days_ago, learner, row
from tests.reporting.calling import Api

RUNS = [f"course-v1:edX+R{number}+2026" for number in range(5)]


@pytest.fixture
def world(database: Database) -> World:
    emails = [f"l{number}@example.com" for number in range(5)]
    rows = [
        row(email, run, last_activity_date=days_ago(place), course_title="=1+1")
        for place, (email, run) in enumerate((email, run) for email in emails for run in RUNS)
    ]
    return World(database).write(map(learner, emails), [], rows)


@pytest.fixture
def api(world: World) -> Api:
    api = Api(world.database)
    api.admit(world.uuid)
    return api


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "FIRST_BATCH", 2)
    monkeypatch.setattr(queries, "BATCH", 7)


def test_a_csv_file_holds_all_rows_whatever_the_page(world: World, api: Api) -> None:
    for query in ({}, {"page": 3}, {"page_size": 2}, {"page": "nonsense"}):
        table = api.table(world.uuid, **query)
        assert [int(line["enrollment_id"]) for line in table] == [each["id"] for each in world.rows]
    assert tuple(table[0]) == NAMES


def test_the_files_say_the_same_as_the_pages(world: World, api: Api) -> None:
    page = api.page(world.uuid, page_size=100)["results"]
    assert api.lines(world.uuid) == page
    for line, shown in zip(api.table(world.uuid), page, strict=True):
        told = {name: "" if value is None else str(value) for name, value in shown.items()}
        assert line == told | {"course_title": "'=1+1"}


def test_files_are_filtered_and_ordered_as_pages_are(world: World, api: Api) -> None:
    query = {"search": "l3", "ordering": "-courserun_key"}
    keys = [line["courserun_key"] for line in api.table(world.uuid, **query)]
    assert keys == sorted(RUNS, reverse=True)


def test_a_file_has_a_name(world: World, api: Api) -> None:
    headers = api.get(world.uuid, accept="text/csv").headers
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == 'attachment; filename="learner_progress_report.csv"'
    lines = api.get(world.uuid, accept="application/json", format="ndjson")
    assert lines.headers["Content-Type"] == "application/x-ndjson"
    assert len(lines.body.splitlines()) == len(world.rows)


def test_a_bad_parameter_is_refused_before_anything_is_sent(world: World, api: Api) -> None:
    answer = api.get(world.uuid, accept="text/csv", ordering="shoe_size")
    assert answer.status == 400
    assert answer.stream is None
