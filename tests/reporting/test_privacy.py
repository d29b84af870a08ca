"""What somebody who wants to know may try, of people who have not agreed to be known."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from bursar.database.engine import Database
from testing.worlds.reporting import HIDDEN, NOW, World, days_ago, learner, row
from tests.reporting.calling import Api

RUN = "course-v1:edX+DemoX+2026"
LONG_AGO = NOW - timedelta(days=100)
SECRETS: dict[str, list[Any]] = {
    "has_passed": [True, False, None],
    "last_activity_date": [days_ago(1), days_ago(50), None],
    "passed_date": [days_ago(1), days_ago(50), None],
    "current_grade": [0.1, 0.9, None],
    "letter_grade": ["A", "F", None],
}
PEOPLE: dict[str, list[Any]] = {
    "email": ["aa@example.com", "mm@example.com", "zz@example.com"],
    "lms_user_id": [1, 5_000_000_005, 9_999_999_998],
    "username": ["aa", "mm", "zz"],
    "sso_uid": ["1", "5", "9"],
    "country": ["AD", "MX", "ZW"],
    "created_at": [NOW, LONG_AGO, NOW - timedelta(days=5)],
}


class Reported:
    """Three hidden people and their secrets in some order, between two who are not hidden."""

    def __init__(self, api: Api, order: tuple[int, ...]) -> None:
        self.world = World(api.database)
        people = [
            learner(**{name: values[place] for name, values in PEOPLE.items()}) for place in order
        ]
        secrets = [{name: values[place] for name, values in SECRETS.items()} for place in order]
        changes = [NOW - timedelta(hours=place) for place in order]
        hidden = [
            row(
                person["email"],
                RUN,
                consented=False,
                enrolled_at=LONG_AGO,
                created_at=LONG_AGO,
                changed_at=changed,
                **secret,
            )
            for person, secret, changed in zip(people, secrets, changes, strict=True)
        ]
        seen = [learner("bb@example.com", country="BB"), learner("yy@example.com", country="YY")]
        rows = [row("bb@example.com", RUN), *hidden, row("yy@example.com", RUN)]
        self.world.write([*people, *seen], [], rows)
        api.admit(self.world.uuid)
        self.hidden_ids = [each["id"] for each in self.world.rows if not each["is_consented"]]
        self.first_id: int = self.world.rows[0]["id"]

    def place(self, enrollment_id: int) -> int:
        return enrollment_id - self.first_id


@pytest.fixture
def api(database: Database) -> Api:
    return Api(database)


@pytest.mark.parametrize("name", [*HIDDEN, "created"])
def test_no_ordering_tells_the_order_of_what_is_hidden(api: Api, name: str) -> None:
    seen = set()
    for order in itertools.permutations(range(3)):
        report = Reported(api, order)
        for sign in ("", "-"):
            ids = api.ids(report.world.uuid, ordering=f"{sign}{name}")
            hidden = [each for each in ids if each in report.hidden_ids]
            assert hidden == sorted(hidden)
            seen.add((sign, tuple(report.place(each) for each in ids)))
    assert len(seen) == 2


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_rows_come_last_in_either_direction(api: Api, name: str) -> None:
    report = Reported(api, (2, 0, 1))
    for sign in ("", "-"):
        ids = api.ids(report.world.uuid, ordering=f"{sign}{name},-enrollment_id")
        values = [
            each[name] for each in api.page(report.world.uuid, ordering=f"{sign}{name}")["results"]
        ]
        assert values == sorted(values, key=lambda value: value is None)
        assert set(ids) == {each["id"] for each in report.world.rows}


@pytest.mark.parametrize(
    "query",
    [
        {"search": "mm@"},
        {"search": "zz"},
        {"search_all": "aa@example"},
        {"user_email": "mm@example.com"},
        {"progress_status": "Passed"},
        {"learner_activity": "active_past_week"},
        {"learner_activity": "inactive_past_week"},
        {"learner_activity": "inactive_past_month"},
        {"passed_date": "last_week"},
        {"updated_since": "2026-03-01T00:00:00Z"},
    ],
)
def test_no_filter_tells_of_what_is_hidden(api: Api, query: dict[str, str]) -> None:
    report = Reported(api, (1, 2, 0))
    assert not set(api.ids(report.world.uuid, **query)) & set(report.hidden_ids)
    found = {each["enrollment_id"] for each in api.lines(report.world.uuid, **query)}
    assert not found & set(report.hidden_ids)


def test_who_enrolled_or_left_since_is_found_all_the_same(api: Api) -> None:
    world = World(api.database)
    emails = ["enrolled@example.com", "left@example.com", "neither@example.com"]
    world.write(
        map(learner, emails),
        [],
        [
            row(emails[0], RUN, consented=False, enrolled_at=NOW),
            row(emails[1], RUN, consented=False, enrolled_at=LONG_AGO, unenrolled_at=NOW),
            row(emails[2], RUN, consented=False, enrolled_at=LONG_AGO, changed_at=NOW),
        ],
    )
    api.admit(world.uuid)
    found = api.ids(world.uuid, updated_since="2026-03-10T00:00:00Z")
    assert sorted(found) == [each["id"] for each in world.rows[:2]]


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
@pytest.mark.parametrize(
    "extra", [{}, {"ordering": "user_email"}, {"search_enrollment": "enrolled"}]
)
def test_no_page_holds_what_is_hidden(api: Api, accept: str, extra: dict[str, str]) -> None:
    check_that_nothing_is_told(api, accept, extra)


@pytest.mark.parametrize("accept", ["text/csv", "application/x-ndjson"])
def test_no_file_holds_what_is_hidden(api: Api, accept: str) -> None:
    check_that_nothing_is_told(api, accept, {})


def check_that_nothing_is_told(api: Api, accept: str, query: dict[str, str]) -> None:
    report = Reported(api, (0, 1, 2))
    body = api.get(report.world.uuid, accept=accept, **query).body.decode()
    assert "bb@example.com" in body
    for secret in (
        "aa@",
        "mm@",
        "zz@",
        "5000000005",
        "9999999998",
        ">MX<",
        '"MX"',
        ",MX,",
        "0.9",
        "ZW",
    ):
        assert secret not in body, secret
