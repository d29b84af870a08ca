"""What came to a catalog, and what went, over time.

What comes and goes by a change of content or of the filter is told by events of the catalog, for as
long as they are kept. What closes on its date is told by nobody: that is read from its deadline.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from heapq import nlargest
from typing import Any, Final

from sqlalchemy import Connection, Select, func, or_, select

from bursar.catalog.catalogs.events import CatalogContentAdded, CatalogContentRemoved
from bursar.catalog.content.models import ContentItem
from bursar.catalog.listings.items import titles_of
from bursar.catalog.listings.owned import CatalogTarget
from bursar.catalog.membership.models import QueryMember
from bursar.catalog.membership.turnover import ComeOrGone
from bursar.database.json_length import length_within
from bursar.database.types import AnyRow
from bursar.events.models import EventRecord

_event: Final = EventRecord.__table__.c
_member: Final = QueryMember.__table__.c
_item: Final = ContentItem.__table__.c
_ITEMS: Final = "items"
_TYPES: Final = (CatalogContentAdded.type, CatalogContentRemoved.type)


@dataclass(frozen=True, slots=True)
class Comings:
    """How many documents came and went on which days, in UTC."""

    came: Counter[date]
    went: Counter[date]
    closed: int
    """Of those that went, how many closed on their date."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A document that came, or went."""

    at: datetime
    came: bool
    reason: str
    """Of ComeOrGone."""
    content_type: str
    key: str
    title: str = ""
    """Empty when it is not known any more."""


def comings_of(
    connection: Connection, catalog: CatalogTarget, since: datetime, now: datetime
) -> Comings:
    """From an instant until now. Two statements.

    What closed, and was opened again since, is not counted as gone; nor is what closed before the
    catalog came to have its filter.
    """
    found = Comings(Counter(), Counter(), 0)
    number = length_within(_event.data, _ITEMS).label("number")
    for row in connection.execute(_told(catalog, since).add_columns(number)):
        days = found.came if row.type == CatalogContentAdded.type else found.went
        days[row.at.date()] += row.number or 0
    closings = _closed(catalog, since, now).add_columns(func.count().label("number"))
    closed = connection.execute(closings.group_by(_member.active_until)).all()
    for row in closed:
        found.went[row.at.date()] += row.number
    return Comings(found.came, found.went, sum(row.number for row in closed))


def latest_comings(
    connection: Connection, catalog: CatalogTarget, since: datetime, now: datetime, limit: int
) -> list[Coming]:
    """The newest first. Three statements."""
    told = _told(catalog, since).add_columns(_event.data)
    newest = told.order_by(_event.version.desc()).limit(limit)
    moments = [each for row in connection.execute(newest) for each in _of_event(row)]
    closings = _closed(catalog, since, now)
    closings = closings.add_columns(_item.content_type, _item.key).join(
        ContentItem.__table__, _item.id == _member.content_id
    )
    rows = connection.execute(closings.order_by(_member.active_until.desc()).limit(limit))
    moments += [_closing(row) for row in rows]
    latest = nlargest(limit, moments, key=lambda each: each.at)
    return _with_titles(connection, latest)


def _told(catalog: CatalogTarget, since: datetime) -> Select[Any]:
    return select(_event.type, _event.at).where(
        _event.object_id == str(catalog.uuid),
        _event.object_type == CatalogContentAdded.object_type,
        _event.type.in_(_TYPES),
        _event.at >= since,
        _event.data.is_not(None),
    )


def _closed(catalog: CatalogTarget, since: datetime, now: datetime) -> Select[Any]:
    """What closed on its date while the catalog listed it.

    A document that was stored again after it closed was listed until just then.
    """
    closes = _member.active_until
    return select(closes.label("at")).where(
        _member.query_uuid == catalog.query_uuid,
        closes > max(since, catalog.query_since),
        closes <= now,
        or_(closes > _member.changed_at, _member.listed_until == closes),
        or_(_member.removed_at.is_(None), _member.removed_at > closes),
    )


def _of_event(row: AnyRow) -> Iterator[Coming]:
    came = row.type == CatalogContentAdded.type
    for item in row.data[_ITEMS]:
        key = item.get("key") or item.get("uuid") or ""
        yield Coming(row.at, came, item["reason"], item["content_type"], key)


def _closing(row: AnyRow) -> Coming:
    reason = ComeOrGone.CLOSED.value
    return Coming(row.at, came=False, reason=reason, content_type=row.content_type, key=row.key)


def _with_titles(connection: Connection, moments: Sequence[Coming]) -> list[Coming]:
    titles = titles_of(connection, [each.key for each in moments]) if moments else {}
    return [replace(each, title=titles.get(each.key, "")) for each in moments]
