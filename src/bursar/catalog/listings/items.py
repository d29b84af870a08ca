"""What a catalog lists, for people: titles and deadlines, searched, sorted and a page at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from bursar import clock
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.listed import is_listed
from bursar.catalog.membership.models import QueryMember
from bursar.clock import NEVER
from bursar.database.text import contains_in_any_case
from bursar.database.types import AnyRow
from bursar.pages import Page, PageRequest

_member: Final = QueryMember.__table__.c
_catalog: Final = Catalog.__table__.c
_item: Final = ContentItem.__table__.c


class CatalogItem(msgspec.Struct, frozen=True):
    """A document that a catalog lists."""

    content_type: ContentType
    key: str
    """Of a program or a pathway, its UUID."""
    title: str
    closes: datetime | None
    """When nobody can enroll in it any more, so that it is not listed from then on; None when
    nothing that is stored says so."""


@dataclass(frozen=True, slots=True)
class ItemSelection:
    """What is asked for of that which is listed."""

    text: str = ""
    """Every word of it is in the title or the key."""
    content_type: ContentType | None = None
    closes_before: datetime | None = None
    by_deadline: bool = False
    """What closes first comes first; otherwise the keys are in their order."""

    @property
    def is_counted(self) -> bool:
        """Whether how many there are is known from `CatalogCounts`."""
        return not self.text and self.closes_before is None


def list_items(
    connection: Connection,
    query_uuid: UUID | None,
    selection: ItemSelection,
    wanted: PageRequest,
    now: datetime,
    *,
    count: int | None = None,
) -> tuple[Page, list[CatalogItem]]:
    """`count` is how many there are, where that is known. Raises PageOutOfRange.

    The first page brings the count with it; any other is found by a count of its own.
    """
    chosen = _chosen(query_uuid, selection, now)
    if count is None and wanted.is_first:
        first = chosen.add_columns(func.count().over().label("total")).limit(wanted.size)
        rows = connection.execute(_with_titles(first, selection)).all()
        return wanted.within(rows[0].total if rows else 0), [_shown(row) for row in rows]
    if count is None:
        whole = chosen.order_by(None).subquery()
        count = connection.scalar(select(func.count()).select_from(whole)) or 0
    page = wanted.within(count)
    part = _with_titles(chosen.offset(page.start).limit(page.size), selection)
    return page, [_shown(row) for row in connection.execute(part)]


def all_items(
    connection: Connection, query_uuid: UUID | None, selection: ItemSelection, now: datetime
) -> Iterator[CatalogItem]:
    """All pages of it."""
    chosen = _chosen(query_uuid, selection, now)
    for row in connection.execute(_with_titles(chosen, selection)):
        yield _shown(row)


def items_of(connection: Connection, ids: Sequence[int]) -> list[CatalogItem]:
    """Documents by their ids, in their order, wherever they are listed; what a catalog says of
    their deadlines is left out."""
    statement = select(_item.id, _item.content_type, _item.key, _item.title)
    rows = connection.execute(statement.where(_item.id.in_(list(ids))))
    found = {
        row.id: CatalogItem(ContentType(row.content_type), row.key, row.title, None) for row in rows
    }
    return [found[each] for each in ids if each in found]


def titles_of(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """Of documents that are stored or were."""
    statement = select(_item.key, _item.title).where(_item.key.in_(list(keys)))
    return {row.key: row.title for row in connection.execute(statement) if row.title}


def count_closing(
    connection: Connection, queries: Sequence[UUID], now: datetime, before: datetime
) -> dict[UUID, int]:
    """How much of what each query lists closes before an instant; queries without any
    are left out."""
    statement = (
        select(_member.query_uuid, func.count().label("closing"))
        .where(_member.query_uuid.in_(list(queries)), is_listed(now), _member.active_until < before)
        .group_by(_member.query_uuid)
    )
    return {row.query_uuid: row.closing for row in connection.execute(statement)}


def catalogs_without_items(
    connection: Connection, catalog_uuids: Sequence[UUID], now: datetime
) -> list[tuple[UUID, str]]:
    """Uuid and title of those that list nothing."""
    lists_something = exists().where(_member.query_uuid == _catalog.query_uuid, is_listed(now))
    statement = (
        select(_catalog.uuid, _catalog.title)
        .where(_catalog.uuid.in_(list(catalog_uuids)), ~lists_something)
        .order_by(_catalog.created_at, _catalog.uuid)
    )
    return [(row.uuid, row.title) for row in connection.execute(statement)]


def _chosen(query_uuid: UUID | None, selection: ItemSelection, now: datetime) -> Select[Any]:
    """The members that are asked for, in order. Documents are joined only where they decide."""
    statement = select(_member.content_id, _member.sort_key, _member.active_until).where(
        _member.query_uuid == query_uuid, *_listed(selection, now)
    )
    if selection.closes_before is not None:
        statement = statement.where(_member.active_until < selection.closes_before)
    if conditions := _of_documents(selection):
        document = ContentItem.__table__
        statement = statement.join(document, _item.id == _member.content_id).where(*conditions)
    return statement.order_by(*_order(selection, _member))


def _listed(selection: ItemSelection, now: datetime) -> Iterator[ColumnElement[bool]]:
    """As `is_listed`, for whoever takes the first rows in an order.

    While its statistics are older than the rows, PostgreSQL believes that few rows have no
    `removed_at`, and both databases would rather look for open ones by their deadlines and sort all
    of them than walk along the keys. Of a comparison with a function they expect nothing.
    """
    yield func.coalesce(_member.removed_at, NEVER) <= NEVER
    is_by_deadline = selection.by_deadline or selection.closes_before is not None
    closes = _member.active_until
    yield (closes if is_by_deadline else func.coalesce(closes, NEVER)) > now


def _of_documents(selection: ItemSelection) -> list[ColumnElement[bool]]:
    # No stored text has NUL, and PostgreSQL refuses to look for it.
    words = [word for word in selection.text.split() if "\x00" not in word]
    found: list[ColumnElement[bool]] = [
        contains_in_any_case(_item.title, word) | contains_in_any_case(_item.key, word)
        for word in words
    ]
    if selection.content_type is not None:
        found.append(_item.content_type == selection.content_type.value)
    return found


def _order(selection: ItemSelection, member: Any) -> list[ColumnElement[Any]]:
    order = [member.sort_key, member.content_id]
    return [member.active_until, *order] if selection.by_deadline else order


def _with_titles(chosen: Select[Any], selection: ItemSelection) -> Select[Any]:
    member = chosen.subquery()
    return (
        select(_item.content_type, _item.key, _item.title, *member.c)
        .join_from(member, ContentItem.__table__, _item.id == member.c.content_id)
        .order_by(*_order(selection, member.c))
    )


def _shown(row: AnyRow) -> CatalogItem:
    closes = None if row.active_until >= clock.FOREVER else row.active_until
    return CatalogItem(ContentType(row.content_type), row.key, row.title, closes)
