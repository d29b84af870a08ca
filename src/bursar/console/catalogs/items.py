"""One catalog: what it lists, searched, sorted and a page at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.listings.items import CatalogItem, ItemSelection, all_items, list_items
from bursar.catalog.listings.owned import CATALOG, CatalogTarget
from bursar.catalog.offers.service import Offer, find_offers
from bursar.console.catalogs.shared import (
    CATALOG_PATH,
    KINDS,
    SOON,
    Offered,
    named,
    offered_here,
    path_of,
)
from bursar.console.catalogs.users import users_of
from bursar.console.files import CSV, NDJSON, Exports, csv_file, exports, ndjson_file
from bursar.console.paging import page_number
from bursar.console.rendering import ROWS
from bursar.console.screens import Screens
from bursar.console.visits import File, Html, Refused, Visit
from bursar.database.engine import snapshot_on
from bursar.pages import PageRequest

screens: Final = Screens()
_LONGEST_TEXT: Final = 100
_API: Final = "/enterprise/v2/enterprise-catalogs"
_DEADLINE: Final = "closes"
_OWN: Final = ("search", "type", "closing", "ordering")


@dataclass(frozen=True, slots=True)
class KindChip:
    """A type with how many there are; selecting it again shows all."""

    word: str
    count: int
    path: str
    is_on: bool


@screens.get(CATALOG_PATH, owned=CATALOG)
def show_catalog(visit: Visit, connection: Connection) -> Html:
    offered = offered_here(visit, connection)
    selection = read_selection(visit)
    count = _known_count(selection, offered) if selection.is_counted else None
    query, wanted = offered.source.query_uuid, PageRequest(ROWS, page_number(visit))
    page, items = list_items(connection, query, selection, wanted, visit.now, count=count)
    given = {
        "title": named(visit.target.title),
        "path": path_of(visit),
        "tab": "items",
        "offered": offered,
        "page": page,
        "rows": [(each, *KINDS[each.content_type]) for each in items],
        "prices": _prices(visit, connection, items),
        "chips": _chips(visit, offered),
        "sorting": _sorting(visit, selection),
        "is_filtered": any(visit.query.get(name) for name in _OWN[:3]),
        "exports": _exports(visit),
        "content_changed": _content_changed(visit.target),
        "users": users_of(visit, connection, visit.target.uuid),
    }
    return Html("catalog.html", given)


@screens.get(f"{CATALOG_PATH}/items.{CSV}", owned=CATALOG)
def export_csv(visit: Visit, connection: Connection) -> File:
    rows = (msgspec.structs.astuple(each) for each in _all(visit, connection))
    return csv_file(_file_name(visit), CatalogItem.__struct_fields__, rows)


@screens.get(f"{CATALOG_PATH}/items.{NDJSON}", owned=CATALOG)
def export_ndjson(visit: Visit, connection: Connection) -> File:
    return ndjson_file(_file_name(visit), _all(visit, connection))


def _file_name(visit: Visit) -> str:
    return f"catalog-{visit.target.uuid}"


def _all(visit: Visit, connection: Connection) -> Iterator[CatalogItem]:
    """Raises Refused."""
    selection = read_selection(visit)
    with snapshot_on(connection):
        yield from all_items(connection, visit.target.query_uuid, selection, visit.now)


def read_selection(visit: Visit) -> ItemSelection:
    """Raises Refused for a type that is none."""
    kind = visit.query.get("type") or ""
    if kind and kind not in set(ContentType):
        known = ", ".join(ContentType)
        raise Refused(400, "This filter cannot be read", f"`type` is one of {known}.", "Choose.")
    is_closing = bool(visit.query.get("closing"))
    return ItemSelection(
        (visit.query.get("search") or "").strip()[:_LONGEST_TEXT],
        ContentType(kind) if kind else None,
        visit.now + SOON if is_closing else None,
        (visit.query.get("ordering") or "") == _DEADLINE,
    )


def _content_changed(catalog: CatalogTarget) -> datetime:
    """When the filter came into use, or what it selects changed last."""
    return max(catalog.query_since, catalog.content_modified_at or catalog.query_since)


def _known_count(selection: ItemSelection, offered: Offered) -> int:
    kind = selection.content_type
    return offered.counts.total if kind is None else offered.counts.of(kind)


def _prices(visit: Visit, connection: Connection, items: list[CatalogItem]) -> Mapping[str, Offer]:
    """What the courses and runs cost, by their keys."""
    sold = (ContentType.COURSE, ContentType.COURSE_RUN)
    pairs = [(visit.target.uuid, each.key) for each in items if each.content_type in sold]
    found = find_offers(Session(connection), pairs, visit.now)
    return {key: offer for (_, key), offer in found.items()}


def _chips(visit: Visit, offered: Offered) -> list[KindChip]:
    now = visit.query.get("type")
    return [
        KindChip(
            several,
            offered.counts.of(kind),
            visit.with_query(type=None if now == kind else kind.value),
            now == kind,
        )
        for kind, (_, several) in KINDS.items()
        if offered.counts.of(kind) or now == kind
    ]


def _sorting(visit: Visit, selection: ItemSelection) -> dict[str, tuple[str, str]]:
    """By column: where its header leads, and in which direction the list is sorted now."""
    by_key = "none" if selection.by_deadline else "ascending"
    by_deadline = "ascending" if selection.by_deadline else "none"
    return {
        "key": (visit.with_query(ordering=None), by_key),
        "closes": (visit.with_query(ordering=_DEADLINE), by_deadline),
    }


def _exports(visit: Visit) -> Exports:
    own = [(name, value) for name in _OWN if (value := visit.query.get(name))]
    return exports(visit, f"{visit.path}/items", own, f"{_API}/{visit.target.uuid}?limit=1000")
