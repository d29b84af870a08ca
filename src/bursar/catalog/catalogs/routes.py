"""The catalog endpoints of the reference: `/enterprise/v2/enterprise-catalogs...`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar import clock
from bursar.catalog.catalogs import queries
from bursar.catalog.catalogs.answers import (
    catalog_last_modified,
    conditional_page,
    conditional_value,
    links_of,
    services_of,
)
from bursar.catalog.catalogs.queries import Selection
from bursar.catalog.catalogs.views import CatalogList, CatalogSummary
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import fill_in
from bursar.database.types import AnyRow
from bursar.pages import Page
from bursar.web.call import Answer, Call
from bursar.web.errors import NotFound
from bursar.web.pagination import next_link, page_size, previous_link, select_page
from bursar.web.parameters import ParameterReader

MAX_CONTENT_KEYS = 100


@dataclass(frozen=True, slots=True)
class ListParameters:
    enterprise_customer: UUID | None
    size: int


def read_list_parameters(reader: ParameterReader) -> ListParameters:
    return ListParameters(
        reader.uuid("enterprise_customer"),
        page_size(reader.query, ("page_size",), default=10, maximum=100),
    )


def list_catalogs(call: Call, connection: Connection) -> Answer:
    wanted: ListParameters = call.parameters
    enterprises = call.principal.enterprises
    if wanted.enterprise_customer is not None:
        enterprises = tuple(uuid for uuid in enterprises if uuid == wanted.enterprise_customer)
    number = call.query.get("page")
    offset = 0
    if number is not None:
        count = queries.catalogs_count(connection, enterprises)
        offset = select_page(call.query, count=count, size=wanted.size).start
    rows = queries.catalogs_page(connection, enterprises, offset, wanted.size)
    page = select_page(call.query, count=rows[0].total if rows else 0, size=wanted.size)
    summaries = [
        CatalogSummary(
            uuid=row.uuid,
            title=row.title,
            enterprise_customer=row.enterprise_uuid,
            catalog_query_uuid=row.query_uuid,
            content_last_modified=clock.format_instant(
                max(row.query_since, row.content_modified_at or row.query_since)
            ),
            catalog_modified=clock.format_instant(row.modified_at),
            query_title=row.query_title,
            include_exec_ed_2u_courses=row.include_exec_ed_2u_courses,
        )
        for row in rows
    ]
    content = CatalogList(
        page.count,
        next_link(call.url, call.query, page),
        previous_link(call.url, call.query, page),
        summaries,
    )
    return conditional_value(call, msgspec.json.encode(content), _last_change(rows))


def _last_change(rows: Sequence[AnyRow]) -> datetime | None:
    """Of the whole list: what happens on one page can change the count and links of another."""
    if not rows:
        return None
    first = rows[0]
    last: datetime = max(first.last_modified_at, first.last_query_since)
    return max(last, first.last_content_modified_at or last)


@dataclass(frozen=True, slots=True)
class ContentParameters:
    size: int
    keys: tuple[str, ...]
    since: datetime | None


def read_content_parameters(reader: ParameterReader) -> ContentParameters:
    # In a query string a plus sign says space; no key has one, so it was meant as a plus.
    keys = tuple(key.replace(" ", "+") for key in reader.query.get_all("content_keys"))
    if len(keys) > MAX_CONTENT_KEYS:
        reader.errors["content_keys"] = [
            f"Ensure this field has no more than {MAX_CONTENT_KEYS} elements."
        ]
    return ContentParameters(
        page_size(reader.query, ("limit", "page_size"), default=20, maximum=1000),
        keys,
        reader.instant("updated_since"),
    )


def list_content(call: Call, connection: Connection) -> Answer:
    wanted: ContentParameters = call.parameters
    catalog = call.found
    index = services_of(call).indexes.get(connection, catalog.query_uuid, catalog.version or 0)
    view = index.at(call.now)
    state = (index.version, view.boundary)
    last_modified = catalog_last_modified(catalog, index, view)
    if wanted.keys or wanted.since is not None:
        selection = Selection(wanted.keys, wanted.since, call.now)
        return conditional_page(
            call,
            state,
            last_modified,
            lambda: _filtered_page(call, connection, selection, wanted.size),
        )
    # Checked before the cache and before 304: a page that is not there must say so.
    page = select_page(call.query, count=len(view.ids), size=wanted.size)
    return conditional_page(
        call,
        state,
        last_modified,
        lambda: _page_of(call, connection, page, view.ids[page.start : page.start + page.size]),
    )


def _filtered_page(call: Call, connection: Connection, selection: Selection, size: int) -> bytes:
    catalog = call.found
    ids = queries.selected_ids(connection, catalog, selection)
    page = select_page(call.query, count=len(ids), size=size)
    removed = None
    if selection.since is not None:
        removed = [
            {
                "uuid" if row.content_type == ContentType.PROGRAM else "key": row.key,
                "content_type": row.content_type,
                "removed": True,
                "removed_at": clock.format_instant(row.removed_at),
            }
            for row in queries.removed_since(connection, catalog, selection)
        ]
    return _page_of(call, connection, page, ids[page.start : page.start + page.size], removed)


def _page_of(
    call: Call,
    connection: Connection,
    page: Page,
    ids: Sequence[int],
    removed: list[dict[str, object]] | None = None,
) -> bytes:
    """The page as JSON, put together from bytes."""
    catalog = call.found
    documents = b",".join(queries.bodies(connection, ids))
    head = msgspec.json.encode(
        {
            "count": page.count,
            "next": next_link(call.url, call.query, page),
            "previous": previous_link(call.url, call.query, page),
        }
    )
    tail: dict[str, object] = {
        "uuid": catalog.uuid,
        "title": catalog.title,
        "enterprise_customer": catalog.enterprise_uuid,
    }
    if removed is not None:
        tail["removed"] = removed
    filled = fill_in(documents, links_of(call), listing=True)
    return b'%s,"results":[%s],%s' % (head[:-1], filled, msgspec.json.encode(tail)[1:])


def get_item(call: Call, connection: Connection) -> Answer:
    """A course or a program, found together with its catalog."""
    item = call.found
    return _document(call, connection, item.content_id, item.body_hash, None)


def get_run(call: Call, connection: Connection) -> Answer:
    catalog = call.found
    run_key: str = call.path["course_run_id"]
    if catalog.query_uuid is None:
        raise NotFound
    row = queries.find_run(connection, catalog.query_uuid, run_key)
    if row is None:
        raise NotFound
    nested = run_key if row.content_type == ContentType.COURSE else None
    return _document(call, connection, row.id, row.body_hash, nested)


def _document(
    call: Call, connection: Connection, content_id: int, body_hash: bytes, nested: str | None
) -> Answer:
    catalog = call.found
    index = services_of(call).indexes.get(connection, catalog.query_uuid, catalog.version or 0)
    last_modified = catalog_last_modified(catalog, index, index.at(call.now))

    def build() -> bytes:
        template = queries.body(connection, content_id)
        document = fill_in(template, links_of(call), listing=False)
        return document if nested is None else _nested_run(document, nested)

    return conditional_page(call, (body_hash.hex(), nested), last_modified, build)


def _nested_run(course: bytes, run_key: str) -> bytes:
    """The run as its course's document has it."""
    runs = msgspec.json.decode(course).get("course_runs") or []
    for run in runs:
        if run.get("key") == run_key:
            return msgspec.json.encode(run)
    raise NotFound
