"""Does it help? Every number of the screen is compared with one that is counted here by itself."""

import csv
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import unescape
from statistics import median
from typing import Any

import pytest

from bursar import clock
from bursar.batches import batched
from bursar.console.learning.charts import spans, times_taken, top_of_axis
from testing.clients.api import JsonObject
from testing.clients.browsing import Browsing, heading, signed_in
from testing.shops.service import Service, Shop

COURSES = ("=1+Ethics", "Maths", "Physics")
PEOPLE = 40


@dataclass(frozen=True)
class Row:
    email: str
    course: str
    enrolled: date
    passed: date | None
    is_shared: bool

    @property
    def took(self) -> int:
        assert self.passed is not None
        return (self.passed - self.enrolled).days


@dataclass(frozen=True)
class School:
    shop: Shop
    admin: Browsing
    today: date
    rows: Sequence[Row]
    group: str

    @property
    def path(self) -> str:
        return f"/console/e/{self.shop.org}/progress"

    def started(self, days: int, of: Callable[[Row], bool] = lambda _row: True) -> list[Row]:
        first = self.today - timedelta(days=days - 1)
        return [row for row in self.rows if row.enrolled >= first and of(row)]

    def passed(self, days: int, of: Callable[[Row], bool] = lambda _row: True) -> list[Row]:
        """In this time, of those who share."""
        first = self.today - timedelta(days=days - 1)
        return [
            row
            for row in self.rows
            if row.is_shared and row.passed is not None and row.passed >= first and of(row)
        ]

    def lines(self, what: str, query: str = "") -> list[JsonObject]:
        answer = self.admin.get(f"{self.path}/{what}.ndjson{query}")
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture(scope="module")
def school(service: Service) -> Iterator[School]:
    shop = service.open_shop()
    today, chance = clock.now().date(), random.Random(16)
    learners = [
        {"email": f"person{number}@example.org", "consent": number % 4 != 0}
        for number in range(PEOPLE)
    ]
    group = "5d5f1a0e-2f37-4a52-8f0a-0b9b7c1a6f10"
    members = [each["email"] for each in learners[:15]]
    shop.declare(learners=learners, groups=[{"uuid": group, "name": "Team", "members": members}])
    rows = [row for each in learners for row in _rows(each, today, chance)]
    path = f"/enterprise/v3/enterprise-customer/{shop.uuid}/learner-progress"
    for some in batched(rows, 50):
        answer = shop.api.request("PUT", path, json={"enrollments": list(map(_reported, some))})
        assert answer.json()["created"] == len(some), answer.text
    admin = signed_in(service.url, service.database, shop.uuid)
    yield School(shop, admin, today, rows, group)
    admin.http.close()


def _rows(learner: dict[str, Any], today: date, chance: random.Random) -> Iterator[Row]:
    for course in COURSES:
        ago = chance.randrange(0, 420)
        enrolled = today - timedelta(days=ago)
        passed = enrolled + timedelta(days=chance.randrange(0, 200))
        has_passed = chance.random() < 0.7 and passed <= today
        yield Row(
            learner["email"], course, enrolled, passed if has_passed else None, learner["consent"]
        )


def _reported(row: Row) -> JsonObject:
    return {
        "learner_email": row.email,
        "courserun_key": f"course-v1:{row.course}+1",
        "course_key": row.course,
        "course_title": row.course.lower(),
        "enrollment_date": row.enrolled.isoformat(),
        "has_passed": row.passed is not None,
        "passed_date": row.passed.isoformat() if row.passed else None,
    }


def figure(page: str, title: str) -> str:
    found = re.search(rf"<dt>{title}</dt><dd>([^<]+)<", page)
    assert found, page
    return found[1]


def cells(page: str, caption: str) -> list[list[str]]:
    table = re.search(rf"<caption[^>]*>{caption}</caption>(.*?)</table>", page, re.DOTALL)
    assert table, page
    body = table[1].partition("<tbody>")[2]
    return [
        [
            unescape(re.sub(r"<[^>]+>", "", cell)).strip()
            for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
    ]


@pytest.mark.parametrize("days", [7, 30, 90, 365])
def test_the_figures_are_those_of_the_rows(school: School, days: int) -> None:
    page = school.admin.page(f"{school.path}?days={days}")
    assert heading(page) == "Progress"
    started, passed = school.started(days), school.passed(days)
    assert figure(page, "Enrollments") == str(len(started))
    assert figure(page, "Passes") == str(len(passed))
    shared = [row for row in started if row.is_shared]
    rate = f"{100 * sum(row.passed is not None for row in shared) / len(shared):.0f} %"
    assert figure(page, "Pass rate") == rate
    assert figure(page, "Days to pass") == f"{median(row.took for row in passed):g}"


@pytest.mark.parametrize("days", [7, 30, 90, 365])
def test_each_span_of_time_has_the_rows_that_fall_into_it(school: School, days: int) -> None:
    started, passed = school.started(days), school.passed(days)
    found = school.lines("spans", f"?days={days}")
    assert found[0]["first"] == (school.today - timedelta(days=days - 1)).isoformat()
    assert found[-1]["last"] == school.today.isoformat()
    for each in found:
        first, last = (date.fromisoformat(each[name]) for name in ("first", "last"))
        assert (last - first).days <= (0 if days <= 30 else 6)
        assert each["enrolled"] == sum(first <= row.enrolled <= last for row in started)
        assert each["passed"] == sum(first <= (row.passed or first) <= last for row in passed)
    assert sum(each["enrolled"] for each in found) == len(started)
    assert sum(each["passed"] for each in found) == len(passed)
    page = school.admin.page(f"{school.path}?days={days}")
    shown = [[str(each["enrolled"]), str(each["passed"])] for each in reversed(found)]
    assert [row[1:] for row in cells(page, "Enrollments and passes")] == shown
    assert page.count('<rect class="spent" x=') >= len(found)


def test_each_course_has_its_own_rate(school: School) -> None:
    started = school.started(365)
    wanted: list[tuple[str, str, int, int, int]] = []
    for course in COURSES:
        mine = [row for row in started if row.course == course]
        shared = [row for row in mine if row.is_shared]
        passed = sum(row.passed is not None for row in shared)
        wanted.append((course, course.lower(), len(mine), len(shared), passed))
    wanted.sort(key=lambda each: (-each[2], each[0]))
    found = school.lines("courses", "?days=365")
    assert [tuple(each.values()) for each in found] == wanted
    page = school.admin.page(f"{school.path}?days=365")
    assert cells(page, "By course") == [
        [each[1], *map(str, each[2:]), f"{100 * each[4] / each[3]:.0f} %"] for each in wanted
    ]


def test_the_times_are_those_of_the_passes(school: School) -> None:
    taken = [row.took for row in school.passed(365)]
    edges = [7, 14, 28, 56, 91, 182, 10_000]
    wanted = [
        sum(low < each <= high for each in taken)
        for low, high in zip([-1, *edges], edges, strict=False)
    ]
    page = school.admin.page(f"{school.path}?days=365")
    assert [int(row[2]) for row in cells(page, "Time to pass")] == wanted


def test_a_group_and_a_course_narrow_all_of_it(school: School) -> None:
    team = {f"person{number}@example.org" for number in range(15)}
    for query, of in (
        ("&course=Maths", lambda row: row.course == "Maths"),
        (f"&group={school.group}", lambda row: row.email in team and row.is_shared),
        (
            f"&group={school.group}&course=Maths",
            lambda row: row.email in team and row.is_shared and row.course == "Maths",
        ),
    ):
        started, passed = school.started(365, of), school.passed(365, of)
        page = school.admin.page(f"{school.path}?days=365{query}")
        assert figure(page, "Enrollments") == str(len(started))
        assert figure(page, "Passes") == str(len(passed))
        lines = school.lines("courses", f"?days=365{query}")
        assert sum(each["enrolled"] for each in lines) == len(started)


def test_a_spreadsheet_does_not_calculate_what_a_file_holds(school: School) -> None:
    answer = school.admin.get(f"{school.path}/courses.csv?days=365")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(answer.text.splitlines()))
    assert rows[0] == ["course_key", "course_title", "enrolled", "sharing", "passed"]
    assert len(rows) == 1 + len(COURSES)
    assert not any(cell.startswith("=") for row in rows for cell in row)
    weeks = list(csv.reader(school.admin.get(f"{school.path}/spans.csv").text.splitlines()))
    assert weeks[0] == ["first", "last", "enrolled", "passed"]
    assert sum(int(row[2]) for row in weeks[1:]) == len(school.started(90))


def test_where_there_is_nothing_words_say_so(school: School) -> None:
    page = school.admin.page(f"{school.path}?course=Nothing")
    assert "Nobody enrolled or passed" in page
    assert '<svg viewBox="0 0 1000 200"' not in page
    assert figure(page, "Pass rate") == "-"
    assert figure(page, "Days to pass") == "-"
    assert school.lines("courses", "?course=Nothing") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("days=8", 400),
        ("days=x", 400),
        ("days=%00", 400),
        ("group=x", 404),
        ("group=66b5922b-a22b-4a7b-b587-d4af0378bd6f", 404),
        ("course=%00", 200),
    ],
)
def test_what_no_link_asks_for_is_told_apart(school: School, query: str, status: int) -> None:
    for what in ("", "/spans.csv", "/courses.ndjson"):
        assert school.admin.get(f"{school.path}{what}?{query}").status_code == status


def test_axes_begin_at_zero_and_end_at_a_number_with_a_half() -> None:
    tops = {0: 2, 1: 2, 2: 2, 3: 4, 5: 10, 11: 20, 40: 40, 41: 100, 1_001: 2_000}
    assert {highest: top_of_axis(highest) for highest in tops} == tops


def test_weeks_begin_on_monday_and_end_with_the_period() -> None:
    wednesday = date(2026, 9, 2)
    found = spans(wednesday, date(2026, 11, 28), {date(2026, 9, 6): 2, date(2026, 9, 7): 3}, {})
    assert (found[0].first, found[0].last, found[0].enrolled) == (wednesday, date(2026, 9, 6), 2)
    assert (found[1].first, found[1].last, found[1].enrolled) == (
        date(2026, 9, 7),
        date(2026, 9, 13),
        3,
    )
    assert found[-1].last == date(2026, 11, 28)


def test_a_time_is_counted_once() -> None:
    assert [each.count for each in times_taken([(7, 1), (8, 2), (183, 4)])] == [1, 2, 0, 0, 0, 0, 4]
