"""Stores documents again as this release stores them, without changing them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.facts import Source, store_facts, stored_sources
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.content.own_restrictions import Stored, restated, stored_rows
from bursar.catalog.content.prices import is_restricted
from bursar.database.bulk import bulk_update, is_any_of


def note_own_restrictions(session: Session, after: int, size: int) -> int | None:
    """Of the runs behind this document, before anything that holds them is stored again.

    Returns the last id, or None when nothing was left. The caller holds the content lock.
    """
    is_run = ContentItem.content_type == ContentType.COURSE_RUN.value
    sources = stored_sources(session, is_run, ContentItem.id > after, limit=size)
    restricted = [source for source in sources if is_restricted(source.data)]
    store_facts(session, restricted, repriced=[source.key for source in restricted])
    return sources[-1].content_id if sources else None


def restore_batch(session: Session, after: int, size: int) -> Sequence[int]:
    """The ids of the documents behind this one. The caller holds the content lock."""
    rows = stored_rows(session, ContentItem.id > after, limit=size)
    stored = restated(session, rows)
    changed = [one for one in stored if _is_other(one)]
    bulk_update(
        session,
        ContentItem,
        [
            {
                "id": one.row.id,
                "body": one.document.body,
                "body_hash": one.document.body_hash,
                "active_until": one.document.active_until,
            }
            for one in changed
        ],
    )
    _restrict(session, {one.row.id: sorted(one.document.restricted_run_keys) for one in stored})
    store_facts(session, [_source(one) for one in changed])
    return [row.id for row in rows]


def _is_other(one: Stored) -> bool:
    is_same = one.document.body == one.row.body
    return not is_same or one.document.active_until != one.row.active_until


def _restrict(session: Session, restricted: Mapping[int, Sequence[str]]) -> None:
    """Notes which of the runs in these courses are restricted."""
    for course_id, run_keys in restricted.items():
        if run_keys:
            held = is_any_of(session, NestedRun.run_key, run_keys)
            these = NestedRun.course_id == course_id, held
            session.execute(update(NestedRun).where(*these).values(is_restricted=True))


def _source(one: Stored) -> Source:
    return Source(
        one.row.id,
        one.document.content_type,
        one.document.key,
        one.document.family_key,
        one.document.data,
    )
