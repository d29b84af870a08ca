"""What came to a catalog, and what went, over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.listings.comings import Comings, comings_of, latest_comings
from bursar.catalog.listings.owned import CATALOG
from bursar.console.catalogs.shared import CATALOG_PATH, KINDS, named, offered_here, path_of
from bursar.console.files import CSV, NDJSON, csv_file, ndjson_file
from bursar.console.learning.charts import MOST_SINGLE_DAYS, stretches, top_of_axis, within
from bursar.console.rendering import ROWS
from bursar.console.screens import Screens
from bursar.console.visits import File, Html, Refused, Visit

screens: Final = Screens()
PATH: Final = f"{CATALOG_PATH}/changes"
PERIODS: Final = {"7": "7 days", "30": "30 days", "90": "90 days"}
_USUAL: Final = "30"
REASONS: Final = {
    "selected": ("Selected by the filter", "good"),
    "opened": ("Open again", "good"),
    "filtered": ("No longer selected", "off"),
    "deleted": ("Deleted", "off"),
    "unpublished": ("Unpublished", "off"),
    "closed": ("Enrollment closed", "wait"),
}


class Turnover(msgspec.Struct, frozen=True):
    """Of a day or a calendar week."""

    first: date
    last: date
    came: int
    went: int


@dataclass(frozen=True, slots=True)
class Period:
    days: str
    first: date
    last: date

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)


@screens.get(PATH, owned=CATALOG)
def show_changes(visit: Visit, connection: Connection) -> Html:
    period = _period(visit)
    found = comings_of(connection, visit.target, period.since, visit.now)
    spans = _spans(period, found)
    query = visit.with_query().removeprefix(visit.path)
    given = {
        "title": named(visit.target.title),
        "path": path_of(visit),
        "tab": "changes",
        "offered": offered_here(visit, connection),
        "periods": PERIODS,
        "period": period,
        "by_week": int(period.days) > MOST_SINGLE_DAYS,
        "spans": spans,
        "top": top_of_axis(max(max(each.came, each.went) for each in spans)),
        "came": found.came.total(),
        "went": found.went.total(),
        "closed": found.closed,
        "latest": _latest(visit, connection, period),
        "files": (f"{visit.path}.{CSV}{query}", f"{visit.path}.{NDJSON}{query}"),
    }
    return Html("catalog-changes.html", given)


@screens.get(f"{PATH}.{CSV}", owned=CATALOG)
def export_csv(visit: Visit, connection: Connection) -> File:
    rows = map(msgspec.structs.astuple, _whole(visit, connection))
    return csv_file(f"changes-{visit.target.uuid}", Turnover.__struct_fields__, rows)


@screens.get(f"{PATH}.{NDJSON}", owned=CATALOG)
def export_ndjson(visit: Visit, connection: Connection) -> File:
    return ndjson_file(f"changes-{visit.target.uuid}", _whole(visit, connection))


def _whole(visit: Visit, connection: Connection) -> Sequence[Turnover]:
    """Raises Refused."""
    period = _period(visit)
    return _spans(period, comings_of(connection, visit.target, period.since, visit.now))


def _spans(period: Period, found: Comings) -> list[Turnover]:
    return [
        Turnover(first, last, within(found.came, first, last), within(found.went, first, last))
        for first, last in stretches(period.first, period.last)
    ]


def _latest(visit: Visit, connection: Connection, period: Period) -> list[Mapping[str, object]]:
    moments = latest_comings(connection, visit.target, period.since, visit.now, ROWS)
    return [
        {
            "moment": each,
            "kind": KINDS[ContentType(each.content_type)][0],
            "reason": REASONS.get(each.reason, (each.reason, "off")),
        }
        for each in moments
    ]


def _period(visit: Visit) -> Period:
    """Raises Refused."""
    days = visit.query.get("days") or _USUAL
    if days not in PERIODS:
        known = ", ".join(PERIODS)
        raise Refused(400, "This page cannot be read", f"`days` is one of {known}.", "Choose one.")
    last = visit.now.date()
    return Period(days, last - timedelta(days=int(days) - 1), last)
