"""The report against what a reader of its page would work out by hand."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.database.engine import Database
from bursar.reporting.fields import NAMES
from testing.worlds.reporting import TODAY, Row, World, at, days_ago, learner, row
from tests.reporting.calling import Api

EMAILS = ["ana@example.com", "ben_1@example.com", "zoe+x@example.org", "ünal@example.com"]
RUNS = [f"course-v1:edX+R{number}+2026" for number in range(4)]
TITLES = ["Algebra", "algebra 100%", "Ökologie", "_"]

texts = st.none() | st.sampled_from(["a", "B", "b", "Z", "ä", "", "10", "9"])
days = st.none() | st.sampled_from(
    [days_ago(n) for n in (-40, 0, 1, 7, 8, 30, 31, 400)] + [date(9999, 12, 31), date(1, 1, 1)]
)
instants = st.sampled_from([at(days_ago(n), hour) for n in (0, 1, 7, 30) for hour in (0, 13)])
numbers = st.none() | st.sampled_from([0.0, 0.5, 1.0, 1.5, 149.0])
wholes = st.none() | st.integers(0, 3)
flags = st.none() | st.booleans()


@st.composite
def people(draw: st.DrawFn) -> list[Row]:
    return [
        learner(
            email,
            lms_user_id=draw(wholes),
            username=draw(texts),
            sso_uid=draw(texts),
            country=draw(texts),
            created_at=draw(instants),
        )
        for email in EMAILS
    ]


@st.composite
def rows_of_report(draw: st.DrawFn) -> list[Row]:
    pairs = [(email, run) for email in EMAILS for run in RUNS]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=14))
    return [row(email, run, **draw(contents())) for email, run in chosen]


@st.composite
def contents(draw: st.DrawFn) -> Row:
    payer = draw(st.sampled_from(["license", "credit", "reported"]))
    enrolled = draw(instants) if payer != "reported" else draw(st.none() | instants)
    return {
        "consented": draw(st.booleans()),
        "payer": payer,
        "mode": draw(st.sampled_from(["audit", "verified"])),
        "enrolled_at": enrolled,
        "unenrolled_at": draw(st.none() | instants),
        "created_at": draw(instants),
        "changed_at": draw(instants),
        "course_title": draw(st.none() | st.sampled_from(TITLES)),
        **{name: draw(texts) for name in ("contract_id", "letter_grade", "course_key", "paid_by")},
        **{name: draw(numbers) for name in ("current_grade", "amount_learner_paid")},
        **{name: draw(flags) for name in ("has_passed", "is_refunded")},
        **{name: draw(days) for name in ("last_activity_date", "passed_date", "course_end")},
        "course_start": draw(days),
    }


fields_to_order_by = st.lists(
    st.tuples(st.sampled_from(NAMES), st.booleans()), min_size=1, max_size=4
)
filters = st.fixed_dictionaries(
    {},
    optional={
        "search": st.sampled_from(["ana", "EXAMPLE.com", "_", "zoe+x", "Ü", "%"]),
        "search_course": st.sampled_from(["ALGEBRA", "%", "_", "ökO"]),
        "search_all": st.sampled_from(["ana", "a", "100%", "Ö"]),
        "search_start_date": st.sampled_from([days_ago(7), date(9999, 12, 31)]).map(str),
        "search_enrollment": st.sampled_from(["enrolled", "unenrolled"]),
        "learner_activity": st.sampled_from(
            ["active_past_week", "inactive_past_week", "inactive_past_month"]
        ),
        "passed_date": st.just("last_week"),
        "user_email": st.sampled_from([" ANA@example.com", "zoe+x@example.org", "no@example.com"]),
        "course_key": st.sampled_from(["B", "edX+Facts"]),
        "courserun_key": st.sampled_from(RUNS),
        "progress_status": st.sampled_from(["Passed", "Failed", "In Progress"]),
        "updated_since": st.sampled_from([at(days_ago(1), 13), at(days_ago(7))]).map(
            lambda instant: instant.isoformat().replace("+00:00", "Z")
        ),
    },
)


def facts(run: str) -> Row:
    return {
        "run_key": run,
        "course_key": "edX+Facts",
        "course_title": "Facts of algebra",
        "primary_subject": "Art",
        "primary_program": None,
        "weeks_to_complete": 6,
        "min_effort": 1,
        "max_effort": 2,
        "pacing_type": "self_paced",
        "start_date": days_ago(7),
        "end_date": days_ago(1),
        "list_price": 149.0,
    }


SLOW = settings(
    max_examples=40,
)


class Reports:
    """Of many enterprises, one for each example; the facts of runs are common to all."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.api = Api(database)
        self.facts: dict[str, Row] = {}
        World(database).write([], [facts(run) for run in RUNS[:2]], [])

    def make(self, learners: list[Row], rows: list[Row]) -> World:
        world = World(self.database).write(learners, [], rows)
        world.facts = {run: facts(run) for run in RUNS[:2]}
        self.api.admit(world.uuid)
        return world


@pytest.fixture
def reports(database: Database) -> Reports:
    return Reports(database)


def as_json(rows: list[Row]) -> list[dict[str, Any]]:
    decoded: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(rows))
    return decoded


def matches(row: Row, filters: dict[str, Any]) -> bool:
    """By what is shown of the row, and nothing else."""
    email, title = row["user_email"] or "", (row["course_title"] or "").lower()
    active, passed = row["last_activity_date"], row["passed_date"]
    rules: dict[str, Callable[[str], bool]] = {
        "search": lambda text: text.lower() in email,
        "search_course": lambda text: text.lower() in title,
        "search_all": lambda text: text.lower() in email or text.lower() in title,
        "search_start_date": lambda text: str(row["course_start"]) == text,
        "search_enrollment": lambda text: (
            (row["unenrollment_date"] is None) == (text == "enrolled")
        ),
        "learner_activity": lambda text: active is not None and is_active(active, text),
        "passed_date": lambda _: passed is not None and passed >= days_ago(7),
        "user_email": lambda text: row["user_email"] == text.strip().lower(),
        "course_key": lambda text: row["course_key"] == text,
        "courserun_key": lambda text: row["courserun_key"] == text,
        "progress_status": lambda text: row["progress_status"] == text,
        "updated_since": lambda text: row["created"] > datetime.fromisoformat(text),
    }
    return all(rules[name](text) for name, text in filters.items())


def is_active(last: date, wanted: str) -> bool:
    return {
        "active_past_week": last >= TODAY - timedelta(days=7),
        "inactive_past_week": last < TODAY - timedelta(days=7),
        "inactive_past_month": last < TODAY - timedelta(days=30),
    }[wanted]


def in_order(rows: list[Row], terms: list[tuple[str, bool]]) -> list[Row]:
    """By what is shown of the rows; null last in both directions; then by enrollment_id."""
    rows = sorted(rows, key=lambda row: row["enrollment_id"])
    for name, descends in reversed(terms):
        present = [row for row in rows if row[name] is not None]
        absent = [row for row in rows if row[name] is None]
        rows = sorted(present, key=lambda row: row[name], reverse=descends) + absent
    return rows


def spelled(terms: list[tuple[str, bool]]) -> str:
    return ",".join(("-" if descends else "") + name for name, descends in terms)


@SLOW
@given(learners=people(), rows=rows_of_report())
def test_every_field_is_what_its_page_says(
    reports: Reports, learners: list[Row], rows: list[Row]
) -> None:
    world = reports.make(learners, rows)
    page = reports.api.page(world.uuid, page_size=100)
    assert all(tuple(row) == NAMES for row in page["results"])
    expected = in_order(world.expected(), [("last_activity_date", True)])
    assert page["results"] == as_json(expected)
    assert page["count"] == len(rows)


@SLOW
@given(learners=people(), rows=rows_of_report(), terms=fields_to_order_by, filters=filters)
def test_filters_and_ordering_see_what_is_shown_and_nothing_else(
    reports: Reports,
    learners: list[Row],
    rows: list[Row],
    terms: list[tuple[str, bool]],
    filters: dict[str, Any],
) -> None:
    world = reports.make(learners, rows)
    expected = [row for row in world.expected() if matches(row, filters)]
    ordered = [row["enrollment_id"] for row in in_order(expected, first_mentions(terms))]
    query = {**filters, "ordering": spelled(terms)}
    assert reports.api.ids(world.uuid, **query) == ordered
    assert [row["enrollment_id"] for row in reports.api.lines(world.uuid, **query)] == ordered
    by_pages = [
        row["enrollment_id"]
        for number in range(1, max(1, -(-len(ordered) // 3)) + 1)
        for row in reports.api.page(world.uuid, page=number, page_size=3, **query)["results"]
    ]
    assert by_pages == ordered


def first_mentions(terms: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    names = [name for name, _ in terms]
    return [term for place, term in enumerate(terms) if names.index(term[0]) == place]


@SLOW
@given(learners=people(), rows=rows_of_report(), size=st.integers(1, 5))
def test_walking_the_pages_shows_each_row_once_and_in_order(
    reports: Reports, learners: list[Row], rows: list[Row], size: int
) -> None:
    world = reports.make(learners, rows)
    page = reports.api.page(world.uuid, page_size=size)
    found = [row["enrollment_id"] for row in page["results"]]
    for number in range(2, page["num_pages"] + 1):
        page = reports.api.page(world.uuid, page_size=size, page=number)
        assert (page["count"], page["current_page"]) == (len(rows), number)
        found += [row["enrollment_id"] for row in page["results"]]
    ordered = in_order(world.expected(), [("last_activity_date", True)])
    assert found == [row["enrollment_id"] for row in ordered]
