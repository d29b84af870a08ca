"""Complete imports: what is stored and is not in the input is deleted.

The input is the whole world of the content types that it holds. Other types are left alone.
"""

from collections import Counter
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
_EMPTIED: Final = 10
"""All documents of a type are too much to delete, if there are so many, however few of the total
they are."""
_BATCH: Final = 500


class _Missing(NamedTuple):
    rows: list[AnyRow]
    """With id, content_type, key and family_key."""
    stored: int
    """How many documents of these types there are."""
    emptied: int
    """How many there are of the largest type of which all are missing."""


def check_missing(session: Session, world: World, most_percent: int = MOST_PERCENT) -> None:
    """Raises TooMuchMissing. A look before anything is imported: `delete_missing` looks again."""
    _guard(_missing_from(session, world), most_percent)


def delete_missing(
    session: Session,
    actor: Actor,
    world: World,
    at: datetime | None = None,
    *,
    force: bool = False,
    most_percent: int = MOST_PERCENT,
) -> int:
    """Deletes what is not in the world, from every catalog too; returns how many documents it was.

    Takes the content lock for the rest of the caller's transaction. Raises TooMuchMissing unless
    it is forced, after which nothing is changed.
    """
    now = lock_content(session, at)
    missing = _missing_from(session, world)
    if not force:
        _guard(missing, most_percent)
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
    rows, stored = [], Counter[str]()
    for row in session.execute(statement):
        stored[row.content_type] += 1
        if row.key not in world[ContentType(row.content_type)]:
            rows.append(row)
    gone = Counter(row.content_type for row in rows)
    emptied = max((number for kind, number in gone.items() if number == stored[kind]), default=0)
    return _Missing(rows, stored.total(), emptied)


def _guard(missing: _Missing, most_percent: int) -> None:
    is_much = len(missing.rows) * 100 > missing.stored * most_percent
    empties_type = missing.emptied >= _EMPTIED and most_percent < 100
    if is_much or empties_type:
        raise TooMuchMissing(
            len(missing.rows), missing.stored, most_percent, empties_type=not is_much
        )


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
