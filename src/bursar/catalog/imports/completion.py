"""Complete imports: what is stored and is not in the input is deleted.

The input is the whole world of the content types that it holds. Other types are left alone.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.batches import batched
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.deletion import empty_documents
from bursar.catalog.content.models import ContentItem
from bursar.catalog.content.own_restrictions import known_restrictions
from bursar.catalog.content.service import lock_content
from bursar.catalog.imports.events import ContentDeleted
from bursar.catalog.imports.refusals import TooMuchMissing
from bursar.catalog.imports.writing import write_holders
from bursar.catalog.membership.evaluation import Query
from bursar.catalog.membership.loading import load_queries
from bursar.catalog.membership.service import Reason, remove_members, update_membership
from bursar.database.types import AnyRow
from bursar.events.service import publish

World: TypeAlias = Mapping[ContentType, AbstractSet[str]]
"""The keys of all documents of each type."""

MOST_PERCENT: Final = 20
"""What a complete import may delete of the stored documents of its types without being forced."""
_BATCH: Final = 500


class _Missing(NamedTuple):
    rows: list[AnyRow]
    """With id, content_type, key and family_key."""
    stored: int
    """How many documents of these types there are."""


def check_missing(session: Session, world: World) -> None:
    """Raises TooMuchMissing. A look before anything is imported: `delete_missing` looks again."""
    _guard(_missing_from(session, world))


def delete_missing(
    session: Session,
    actor: Actor,
    world: World,
    at: datetime | None = None,
    *,
    force: bool = False,
) -> int:
    """Deletes what is not in the world, from every catalog too; returns how many documents it was.

    Takes the content lock for the rest of the caller's transaction. Raises TooMuchMissing unless
    it is forced, after which nothing is changed.
    """
    now = lock_content(session, at)
    missing = _missing_from(session, world)
    if not force:
        _guard(missing)
    if not missing.rows:
        return 0
    queries = load_queries(session)
    for batch in batched(missing.rows, _BATCH):
        _delete(session, queries, batch, now)
    data = {"deleted": len(missing.rows)}
    deleted = ContentDeleted(object_id="", enterprise_uuid=None, data=data)
    publish(session, actor, [deleted], at=now)
    return len(missing.rows)


def _missing_from(session: Session, world: World) -> _Missing:
    statement = (
        select(ContentItem.id, ContentItem.content_type, ContentItem.key, ContentItem.family_key)
        .where(
            ContentItem.content_type.in_([kind.value for kind in world]),
            ContentItem.deleted_at.is_(None),
        )
        .order_by(ContentItem.id)
    )
    rows, stored = [], 0
    for row in session.execute(statement):
        stored += 1
        if row.key not in world[ContentType(row.content_type)]:
            rows.append(row)
    return _Missing(rows, stored)


def _guard(missing: _Missing) -> None:
    if len(missing.rows) * 100 > missing.stored * MOST_PERCENT:
        raise TooMuchMissing(len(missing.rows), missing.stored, MOST_PERCENT)


def _delete(
    session: Session, queries: Sequence[Query], rows: Sequence[AnyRow], now: datetime
) -> None:
    runs = [row.key for row in rows if row.content_type == ContentType.COURSE_RUN.value]
    restricted = known_restrictions(session, runs)
    empty_documents(session, rows, now)
    remove_members(session, [row.id for row in rows], now)
    # What was a member for the sake of a deleted course or run may be none any more.
    families = {row.family_key for row in rows if row.family_key is not None}
    update_membership(session, queries, [], now, reason=Reason.DOCUMENTS_CHANGED, families=families)
    # What is left of a deleted run are its copies, which say for themselves what it is.
    write_holders(session, restricted.keys(), now)
