"""Which catalogs of an enterprise hold some content: one statement."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, Connection, Select, bindparam, false, select

from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.membership.models import QueryMember
from bursar.catalog.membership.restricted import is_shown

_catalogs, _members = Catalog.__table__, QueryMember.__table__
_items, _nested = ContentItem.__table__.c, NestedRun.__table__.c


def _containing() -> Select[Any]:
    keys: BindParameter[str] = bindparam("keys", expanding=True)
    own = select(_items.id, _items.key.label("run_key"), false().label("is_restricted")).where(
        _items.key.in_(keys)
    )
    # A run that only the document of its course holds.
    within = select(_nested.course_id, _nested.run_key, _nested.is_restricted).where(
        _nested.run_key.in_(keys)
    )
    # OR would be simpler, but each half of a union is found by its own index.
    candidates = own.union_all(within).subquery()
    holding = (
        select(_catalogs.c.uuid)
        .select_from(
            candidates.join(_members, _members.c.content_id == candidates.c.id).join(
                _catalogs, _catalogs.c.query_uuid == _members.c.query_uuid
            )
        )
        .where(
            _members.c.removed_at.is_(None),
            is_shown(candidates, _members.c.query_uuid),
            _catalogs.c.enterprise_uuid == bindparam("of_enterprise"),
        )
    )
    return (
        select(_catalogs.c.uuid)
        .where(_catalogs.c.uuid.in_(holding))
        .order_by(_catalogs.c.created_at, _catalogs.c.uuid)
    )


_CONTAINING: Final = _containing()


def find_catalogs(connection: Connection, enterprise_uuid: UUID, keys: Sequence[str]) -> list[UUID]:
    """The oldest first. There is at least one key, and none has NUL."""
    values = {"keys": list(keys), "of_enterprise": enterprise_uuid}
    return list(connection.scalars(_CONTAINING, values))
