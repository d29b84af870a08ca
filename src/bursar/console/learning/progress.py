"""Does it help? Who enrolls and passes, when, in which courses, and how long it takes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar.console.files import CSV, NDJSON, csv_file, ndjson_file
from bursar.console.learning.charts import (
    MOST_SINGLE_DAYS,
    Share,
    Span,
    median,
    spans,
    times_taken,
    top_of_axis,
)
from bursar.console.paging import page_number
from bursar.console.rendering import ROWS
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import File, Html, NotThere, Refused, Visit
from bursar.database.engine import snapshot_on
from bursar.groups.service import KnownGroup, addresses_selected, find_groups
from bursar.pages import PageRequest
from bursar.reporting.service import (
    CourseProgress,
    Period,
    enrollments_by_day,
    passes,
    progress_by_course,
)
from bursar.web.parameters import parse_uuid

screens: Final = Screens()
PATH: Final = f"{OF_ENTERPRISE}/progress"
PERIODS: Final = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "A year"}
_USUAL: Final = "90"
_LONGEST_KEY: Final = 255


@dataclass(frozen=True, slots=True)
class Asked:
    """What the query asks for."""

    days: str
    group: KnownGroup | None
    course: str

    def period(self, visit: Visit) -> Period:
        last = visit.now.date()
        return Period(
            visit.enterprise.uuid,
            last - timedelta(days=int(self.days) - 1),
            last,
            self.course or None,
            None if self.group is None else addresses_selected(self.group.uuid),
        )


@dataclass(frozen=True, slots=True)
class Progress:
    spans: Sequence[Span]
    courses: Sequence[CourseProgress]
    times: Sequence[Share]
    median_days: float | None

    @property
    def enrolled(self) -> int:
        return sum(each.enrolled for each in self.spans)

    @property
    def passed(self) -> int:
        return sum(each.passed for each in self.spans)

    @property
    def sharing(self) -> int:
        return sum(each.sharing for each in self.courses)

    @property
    def passed_of_sharing(self) -> int:
        return sum(each.passed for each in self.courses)

    @property
    def top(self) -> int:
        return top_of_axis(max(max(each.enrolled, each.passed) for each in self.spans))


@screens.get(PATH)
def show_progress(visit: Visit, connection: Connection) -> Html:
    groups = find_groups(connection, visit.enterprise.uuid)
    asked = _asked(visit, groups)
    progress = _progress(connection, asked.period(visit))
    page = PageRequest(ROWS, page_number(visit)).within(len(progress.courses))
    query = visit.with_query().removeprefix(visit.path)
    given = {
        "progress": progress,
        "page": page,
        "courses": progress.courses[page.start : page.start + page.size],
        "asked": asked,
        "periods": PERIODS,
        "groups": groups,
        "by_week": int(asked.days) > MOST_SINGLE_DAYS,
        "files": [
            (title, f"{visit.path}/{name}.{CSV}{query}", f"{visit.path}/{name}.{NDJSON}{query}")
            for title, name in (("Over time", "spans"), ("By course", "courses"))
        ],
    }
    return Html("progress.html", given)


@screens.get(f"{PATH}/spans.{CSV}")
def export_spans_csv(visit: Visit, connection: Connection) -> File:
    return _as_csv("progress", Span, _whole(visit, connection).spans)


@screens.get(f"{PATH}/spans.{NDJSON}")
def export_spans_ndjson(visit: Visit, connection: Connection) -> File:
    return ndjson_file("progress", _whole(visit, connection).spans)


@screens.get(f"{PATH}/courses.{CSV}")
def export_courses_csv(visit: Visit, connection: Connection) -> File:
    return _as_csv("progress-by-course", CourseProgress, _whole(visit, connection).courses)


@screens.get(f"{PATH}/courses.{NDJSON}")
def export_courses_ndjson(visit: Visit, connection: Connection) -> File:
    return ndjson_file("progress-by-course", _whole(visit, connection).courses)


def _as_csv(name: str, kind: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> File:
    return csv_file(name, kind.__struct_fields__, map(msgspec.structs.astuple, rows))


def _whole(visit: Visit, connection: Connection) -> Progress:
    """Raises Refused."""
    asked = _asked(visit, find_groups(connection, visit.enterprise.uuid))
    return _progress(connection, asked.period(visit))


def _progress(connection: Connection, period: Period) -> Progress:
    with snapshot_on(connection):
        enrolled = enrollments_by_day(connection, period)
        passed = passes(connection, period)
        courses = progress_by_course(connection, period)
    by_day: Counter[date] = Counter()
    for each in passed:
        by_day[each.day] += each.count
    taken = [
        (each.days_taken, each.count)
        for each in passed
        if each.days_taken is not None and each.days_taken >= 0
    ]
    return Progress(
        spans(period.first, period.last, enrolled, by_day),
        courses,
        times_taken(taken),
        median(taken),
    )


def _asked(visit: Visit, groups: Sequence[KnownGroup]) -> Asked:
    """Raises Refused."""
    days = visit.query.get("days") or _USUAL
    if days not in PERIODS:
        known = ", ".join(PERIODS)
        raise Refused(400, "This page cannot be read", f"`days` is one of {known}.", "Choose one.")
    course = (visit.query.get("course") or "").replace("\x00", "").strip()[:_LONGEST_KEY]
    return Asked(days, _group(visit.query.get("group") or "", groups), course)


def _group(text: str, groups: Sequence[KnownGroup]) -> KnownGroup | None:
    """Raises NotThere for one that is not the enterprise's."""
    if not text:
        return None
    try:
        uuid: UUID = parse_uuid(text)
    except ValueError:
        raise NotThere from None
    found = next((each for each in groups if each.uuid == uuid), None)
    if found is None:
        raise NotThere
    return found
