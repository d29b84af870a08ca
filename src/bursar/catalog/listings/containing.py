"""Which catalogs of an enterprise hold some content: one statement."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, Connection, Select, bindparam, false, null, select

from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.content_types import ContentType
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


def _held() -> Select[Any]:
    keys: BindParameter[str] = bindparam("keys", expanding=True)
    own = select(
        _items.id,
        _items.key.label("run_key"),
        false().label("is_restricted"),
        _items.title.label("own_title"),
    ).where(_items.key.in_(keys), _items.content_type == ContentType.COURSE_RUN.value)
    # A run that only the document of its course holds is known by the title of the course.
    within = select(_nested.course_id, _nested.run_key, _nested.is_restricted, null()).where(
        _nested.run_key.in_(keys)
    )
    candidates = own.union_all(within).subquery()
    return (
        select(candidates.c.run_key, candidates.c.own_title, _items.title)
        .select_from(
            candidates.join(ContentItem.__table__, _items.id == candidates.c.id)
            .join(_members, _members.c.content_id == candidates.c.id)
            .join(_catalogs, _catalogs.c.query_uuid == _members.c.query_uuid)
        )
        .where(
            _members.c.removed_at.is_(None),
            is_shown(candidates, _members.c.query_uuid),
            _catalogs.c.enterprise_uuid == bindparam("of_enterprise"),
        )
        .distinct()
    )


_HELD: Final = _held()


def find_runs(connection: Connection, enterprise_uuid: UUID, keys: Sequence[str]) -> dict[str, str]:
    """The titles of the runs that the enterprise's catalogs hold. No key has NUL."""
    values = {"keys": list(keys), "of_enterprise": enterprise_uuid}
    titles: dict[str, str] = {}
    for key, own, of_course in connection.execute(_HELD, values):
        if own or key not in titles:
            titles[key] = own or of_course
    return titles
