"""Catalogs: what is offered?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar import clock
from bursar.catalog.catalogs.service import catalogs_of
from bursar.catalog.catalogs.views import CatalogSummary
from bursar.console.catalogs.shared import PATH, Offered, named, offered_by
from bursar.console.files import CSV, NDJSON, csv_file, exports, ndjson_file
from bursar.console.paging import page_number
from bursar.console.rendering import ROWS
from bursar.console.screens import Screens
from bursar.console.visits import File, Html, Visit
from bursar.database.engine import snapshot_on
from bursar.pages import PageRequest

screens: Final = Screens()
_API: Final = "/enterprise/v2/enterprise-catalogs"
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Row:
    summary: CatalogSummary
    offered: Offered

    @property
    def uuid(self) -> UUID:
        return self.summary.uuid

    @property
    def title(self) -> str:
        return named(self.summary.title)

    @property
    def changed(self) -> datetime:
        told = (self.summary.content_last_modified, self.summary.catalog_modified)
        return max(clock.parse_instant(each) for each in told)


class CatalogLine(msgspec.Struct, frozen=True):
    """Of an export."""

    uuid: UUID
    title: str
    courses: int
    course_runs: int
    programs: int
    closing_in_30_days: int
    changed: str


@screens.get(PATH)
def show_catalogs(visit: Visit, connection: Connection) -> Html:
    wanted = PageRequest(ROWS, page_number(visit))
    found = catalogs_of(connection, [visit.enterprise.uuid], wanted, visit.now)
    rows = _rows(visit, connection, found.results)
    api = f"{_API}?enterprise_customer={visit.enterprise.uuid}"
    given = {"page": found.page, "rows": rows, "exports": exports(visit, visit.path, (), api)}
    return Html("catalogs.html", given)


@screens.get(f"{PATH}.{CSV}")
def export_csv(visit: Visit, connection: Connection) -> File:
    rows = (msgspec.structs.astuple(each) for each in _lines(visit, connection))
    return csv_file(_name(visit), CatalogLine.__struct_fields__, rows)


@screens.get(f"{PATH}.{NDJSON}")
def export_ndjson(visit: Visit, connection: Connection) -> File:
    return ndjson_file(_name(visit), _lines(visit, connection))


def _name(visit: Visit) -> str:
    return f"catalogs-{visit.enterprise.slug}"


def _rows(visit: Visit, connection: Connection, found: list[CatalogSummary]) -> list[Row]:
    offered = offered_by(visit, connection, [each.uuid for each in found])
    return [Row(each, offered[each.uuid]) for each in found if each.uuid in offered]


def _lines(visit: Visit, connection: Connection) -> Iterator[CatalogLine]:
    with snapshot_on(connection):
        number, pages = 1, 1
        while number <= pages:
            wanted = PageRequest(_AT_ONCE, number)
            found = catalogs_of(connection, [visit.enterprise.uuid], wanted, visit.now)
            yield from map(_line, _rows(visit, connection, found.results))
            number, pages = number + 1, found.page.pages


def _line(row: Row) -> CatalogLine:
    return CatalogLine(
        row.uuid,
        row.summary.title,
        row.offered.courses,
        row.offered.runs,
        row.offered.programs,
        row.offered.closing,
        clock.format_instant(row.changed),
    )
