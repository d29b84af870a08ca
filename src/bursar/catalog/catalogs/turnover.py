"""Publishes what catalogs have come to list, and list no more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.batches import batched
from bursar.catalog.catalogs.events import CatalogContentAdded, CatalogContentRemoved
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.views import CatalogItems, ListedItem
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.turnover import ComeOrGone, Turnover, listed_now, take_turnover
from bursar.database.bulk import is_any_of
from bursar.events.event import Event
from bursar.events.service import publish

ITEMS: Final = 500
"""Of one event; more become more events."""
AT_ONCE: Final = 100
"""Events that are published together, so that a statement stays small."""
_BATCH: Final = 10_000
_catalogs: Final = Catalog.__table__.c
_items: Final = ContentItem.__table__.c


def publish_turnover(
    session: Session, actor: Actor, _events: Sequence[Event], at: datetime
) -> None:
    """A subscriber of what can change what catalogs list. The transaction holds the content lock;
    the rows of the catalogs are locked, so that versions of their events stay in order."""
    turnover = take_turnover(session)
    if turnover is None:
        return
    session.flush()
    come_and_gone = _by_catalog(session, turnover)
    shown = _shown(session, {each for one in come_and_gone for each in (*one.come, *one.gone)})
    for batch in batched(list(_told(come_and_gone, shown)), AT_ONCE):
        publish(session, actor, batch, at=at)


@dataclass(frozen=True, slots=True)
class _ComeAndGone:
    enterprise_uuid: UUID
    catalog_uuid: UUID
    come: Mapping[int, ComeOrGone]
    gone: Mapping[int, ComeOrGone]


def _by_catalog(session: Session, turnover: Turnover) -> list[_ComeAndGone]:
    queries = {
        query: (listed_now(changes, come=True), listed_now(changes, come=False))
        for query, changes in turnover.of_queries.items()
    }
    touched = [query for query, (come, gone) in queries.items() if come or gone]
    statement = (
        select(_catalogs.uuid, _catalogs.enterprise_uuid, _catalogs.query_uuid)
        .where(
            or_(
                _catalogs.query_uuid.in_(touched),
                _catalogs.uuid.in_(list(turnover.of_catalogs)),
            )
        )
        .order_by(_catalogs.uuid)
        .with_for_update(key_share=True)
    )
    found = []
    for row in session.connection().execute(statement) if touched or turnover.of_catalogs else ():
        # Of a catalog that came to serve another query, all that it gained and lost is noted.
        own = turnover.of_catalogs.get(row.uuid)
        come, gone = (
            queries.get(row.query_uuid, ({}, {}))
            if own is None
            else (listed_now(own, come=True), listed_now(own, come=False))
        )
        found.append(_ComeAndGone(row.enterprise_uuid, row.uuid, come, gone))
    return found


def _shown(session: Session, ids: set[int]) -> dict[int, tuple[str, str]]:
    """Type and key of each document."""
    found: dict[int, tuple[str, str]] = {}
    for batch in batched(sorted(ids), _BATCH):
        statement = select(_items.id, _items.content_type, _items.key)
        rows = session.connection().execute(
            statement.where(is_any_of(session, ContentItem.id, batch))
        )
        found.update((row.id, (row.content_type, row.key)) for row in rows)
    return found


def _told(
    catalogs: Sequence[_ComeAndGone], shown: Mapping[int, tuple[str, str]]
) -> Iterator[CatalogContentAdded | CatalogContentRemoved]:
    for one in catalogs:
        for kind, items in ((CatalogContentAdded, one.come), (CatalogContentRemoved, one.gone)):
            listed = sorted((*shown[each], reason) for each, reason in items.items())
            for batch in batched(listed, ITEMS):
                yield kind(
                    object_id=one.catalog_uuid,
                    enterprise_uuid=one.enterprise_uuid,
                    data=CatalogItems(one.catalog_uuid, [_item(*each) for each in batch]),
                )


def _item(content_type: str, key: str, reason: ComeOrGone) -> ListedItem:
    if content_type == ContentType.PROGRAM.value:
        return ListedItem(content_type=content_type, reason=reason.value, uuid=key)
    return ListedItem(content_type=content_type, reason=reason.value, key=key)
