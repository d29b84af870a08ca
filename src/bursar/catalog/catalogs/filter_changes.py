"""A catalog's filter becomes another one, and it is known what comes and goes by that.

It is `put_catalog` that changes it, so that a preview, which is the same and undone, cannot differ
from what follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.catalogs.commands import REFRESH_INLINE_LIMIT, PutCatalog
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.service import put_catalog
from bursar.catalog.catalogs.sources import sources_of
from bursar.catalog.content.service import lock_content
from bursar.catalog.filters.directives import ALLOWED_RUNS, allowed_runs
from bursar.catalog.filters.refusals import FilterError
from bursar.catalog.membership.listed import is_listed
from bursar.catalog.membership.models import QueryMember

_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFilter:
    """Another filter for a catalog that exists."""

    enterprise_uuid: UUID
    catalog_uuid: UUID
    content_filter: dict[str, Any] | None
    """None selects nothing, and `{}` everything."""
    may_allow_runs: bool = False
    """Whether it may allow restricted runs that the filter before it did not: they were made for
    somebody, and who that is only an operator knows."""


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
    old = sources_of(session.connection(), [command.catalog_uuid])[command.catalog_uuid]
    if not command.may_allow_runs:
        _refuse_more_runs(old.wanted_filter, command.content_filter)
    before = _listed(session, old.query_uuid, now)
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
        # What waits is replaced too, and whoever confirms has to have seen it.
        _fingerprint(old.query_uuid, old.pending_query_uuid, wanted, is_pending, come, gone),
    )


def _refuse_more_runs(old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
    """Raises FilterError."""
    more = sorted(_runs_of(new) - _runs_of(old))
    if more:
        rest = "" if len(more) <= _MOST_NAMED else f" and {len(more) - _MOST_NAMED} more"
        named = ", ".join(more[:_MOST_NAMED])
        told = f"only an operator lets a catalog offer more restricted runs; new are {named}{rest}"
        raise FilterError([(ALLOWED_RUNS, told)])


def _runs_of(content_filter: dict[str, Any] | None) -> frozenset[str]:
    return allowed_runs((content_filter or {}).get(ALLOWED_RUNS))


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
