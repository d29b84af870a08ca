"""What a catalog lists, for people: titles and deadlines, searched, sorted and a page at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, func, select

from bursar import clock
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.listed import is_listed
from bursar.catalog.membership.models import QueryMember
from bursar.database.text import contains_in_any_case
from bursar.database.types import AnyRow
from bursar.pages import Page, PageRequest

_member: Final = QueryMember.__table__.c
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


_ROWS: Final = select(_item.content_type, _item.key, _item.title, _member.active_until).join_from(
    QueryMember.__table__, ContentItem.__table__, _item.id == _member.content_id
)


def list_items(
    connection: Connection,
    query_uuid: UUID | None,
    selection: ItemSelection,
    wanted: PageRequest,
    now: datetime,
    *,
    count: int | None = None,
) -> tuple[Page, list[CatalogItem]]:
    """`count` is how many there are, where that is known. Raises PageOutOfRange."""
    conditions = _conditions(query_uuid, selection, now)
    if count is None:
        counted = _ROWS.with_only_columns(func.count(), maintain_column_froms=True)
        count = connection.scalar(counted.where(*conditions)) or 0
    page = wanted.within(count)
    rows = _ordered(selection, conditions).offset(page.start).limit(page.size)
    return page, [_shown(row) for row in connection.execute(rows)]


def all_items(
    connection: Connection, query_uuid: UUID | None, selection: ItemSelection, now: datetime
) -> Iterator[CatalogItem]:
    """All pages of it."""
    conditions = _conditions(query_uuid, selection, now)
    for row in connection.execute(_ordered(selection, conditions)):
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
    """How much of what each query lists closes before an instant; none is left out."""
    statement = (
        select(_member.query_uuid, func.count().label("closing"))
        .where(_member.query_uuid.in_(list(queries)), is_listed(now), _member.active_until < before)
        .group_by(_member.query_uuid)
    )
    return {row.query_uuid: row.closing for row in connection.execute(statement)}


def _conditions(
    query_uuid: UUID | None, selection: ItemSelection, now: datetime
) -> list[ColumnElement[bool]]:
    # No stored text has NUL, and PostgreSQL refuses to look for it.
    words = [word for word in selection.text.split() if "\x00" not in word]
    found = [
        _member.query_uuid == query_uuid,
        is_listed(now),
        *(
            contains_in_any_case(_item.title, word) | contains_in_any_case(_item.key, word)
            for word in words
        ),
    ]
    if selection.content_type is not None:
        found.append(_item.content_type == selection.content_type.value)
    if selection.closes_before is not None:
        found.append(_member.active_until < selection.closes_before)
    return found


def _ordered(selection: ItemSelection, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    order = [_member.sort_key, _member.content_id]
    if selection.by_deadline:
        order = [_member.active_until, *order]
    return _ROWS.where(*conditions).order_by(*order)


def _shown(row: AnyRow) -> CatalogItem:
    closes = None if row.active_until >= clock.FOREVER else row.active_until
    return CatalogItem(ContentType(row.content_type), row.key, row.title, closes)
