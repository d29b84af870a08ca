"""Courses of a catalog that a learner could begin now, found by their titles."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.listed import is_listed
from bursar.catalog.membership.models import QueryMember
from bursar.catalog.offers.service import Offer, find_offers
from bursar.database.text import contains_in_any_case

_item: Final = ContentItem.__table__.c
_MOST_LOOKED_AT: Final = 200
"""Documents of one search: they are read whole, to know which run is open."""


def search_open_courses(
    session: Session, catalog_uuid: UUID, text: str, now: datetime, *, limit: int
) -> list[Offer]:
    """By title, those that can be enrolled in. Every word of the text is in the title or the key.

    A few statements.
    """
    words = [word for word in text.split() if "\x00" not in word]
    member, catalog = QueryMember.__table__, Catalog.__table__
    statement = (
        select(_item.key)
        .join_from(ContentItem.__table__, member, member.c.content_id == _item.id)
        .join(catalog, catalog.c.query_uuid == member.c.query_uuid)
        .where(
            catalog.c.uuid == catalog_uuid,
            _item.content_type == ContentType.COURSE.value,
            is_listed(now),
            *(
                contains_in_any_case(_item.title, word) | contains_in_any_case(_item.key, word)
                for word in words
            ),
        )
        .order_by(_item.title, _item.key)
        .limit(_MOST_LOOKED_AT)
    )
    keys: Sequence[str] = session.scalars(statement).all()
    offers = find_offers(session, [(catalog_uuid, key) for key in keys], now)
    found = [offers[catalog_uuid, key] for key in keys if (catalog_uuid, key) in offers]
    return [offer for offer in found if offer.run_key is not None][:limit]
