"""A catalog's filter becomes another one, and it is known what comes and goes by that.

It is `put_catalog` that changes it, so that a preview, which is the same and undone, cannot differ
from what follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.catalogs.commands import REFRESH_INLINE_LIMIT, PutCatalog
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.service import put_catalog
from bursar.catalog.content.service import lock_content
from bursar.catalog.membership.listed import is_listed
from bursar.catalog.membership.models import QueryMember


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFilter:
    """Another filter for a catalog that exists."""

    enterprise_uuid: UUID
    catalog_uuid: UUID
    content_filter: dict[str, Any] | None
    """None selects nothing, and `{}` everything."""


@dataclass(frozen=True, slots=True)
class FilterChange:
    """What came of it; documents are in the order of the listing."""

    is_unchanged: bool
    """Whether the catalog had this filter, or waited for it."""
    is_pending: bool
    """Whether the filter is evaluated in the background first: what comes and goes is not known."""
    come: Sequence[int]
    gone: Sequence[int]
    listed: int
    """Documents that the catalog lists afterwards."""
    fingerprint: str
    """The same for the same change of the same catalog: whoever has seen a preview names it."""


def change_filter(
    session: Session,
    actor: Actor,
    command: ChangeFilter,
    *,
    refresh_inline_limit: int = REFRESH_INLINE_LIMIT,
) -> FilterChange:
    """Raises CatalogOfAnotherEnterprise and FilterError."""
    # With the lock in hand nothing else changes what is listed, before and after.
    now = lock_content(session)
    served = _served(session, command.catalog_uuid)
    before = _listed(session, served, now)
    put = PutCatalog(
        enterprise_uuid=command.enterprise_uuid,
        catalog_uuid=command.catalog_uuid,
        content_filter=command.content_filter,
    )
    outcome = put_catalog(session, actor, put, refresh_inline_limit=refresh_inline_limit, at=now)
    catalog = session.get_one(Catalog, command.catalog_uuid)
    after = _listed(session, catalog.query_uuid, now)
    come, gone = _without(after, before), _without(before, after)
    is_pending = catalog.pending_query_uuid is not None
    wanted = catalog.pending_query_uuid or catalog.query_uuid
    return FilterChange(
        outcome == "unchanged",
        is_pending,
        come,
        gone,
        len(after),
        _fingerprint(served, wanted, is_pending, come, gone),
    )


def _served(session: Session, catalog_uuid: UUID) -> UUID | None:
    return session.scalar(select(Catalog.query_uuid).where(Catalog.uuid == catalog_uuid))


def _listed(session: Session, query_uuid: UUID | None, now: datetime) -> list[int]:
    if query_uuid is None:
        return []
    statement = select(QueryMember.content_id).where(
        QueryMember.query_uuid == query_uuid, is_listed(now)
    )
    ordered = statement.order_by(QueryMember.sort_key, QueryMember.content_id)
    return list(session.scalars(ordered))


def _without(some: Sequence[int], others: Sequence[int]) -> list[int]:
    left_out = set(others)
    return [each for each in some if each not in left_out]


def _fingerprint(*parts: object) -> str:
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()
