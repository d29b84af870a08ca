"""Stores documents again as this release stores them, without changing them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import Document, document_of
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.content.refusals import BrokenDocument
from bursar.catalog.content.templates import decode_template
from bursar.database.bulk import bulk_update, is_any_of


def restore_batch(session: Session, after: int, size: int) -> Sequence[int]:
    """The ids of the documents behind this one. The caller holds the content lock."""
    item = ContentItem.__table__.c
    rows = session.execute(
        select(item.id, item.content_type, item.body, item.active_until)
        .where(item.id > after, item.deleted_at.is_(None))
        .order_by(item.id)
        .limit(size)
    ).all()
    changed, restricted = [], {}
    for row in rows:
        document = _parsed(row.body, ContentType(row.content_type))
        if document is not None and document.restricted_run_keys:
            restricted[row.id] = sorted(document.restricted_run_keys)
        if document is not None and (document.body, document.active_until) != (
            row.body,
            row.active_until,
        ):
            changed.append(
                {
                    "id": row.id,
                    "body": document.body,
                    "body_hash": document.body_hash,
                    "active_until": document.active_until,
                }
            )
    bulk_update(session, ContentItem, changed)
    _restrict(session, restricted)
    return [row.id for row in rows]


def _restrict(session: Session, restricted: Mapping[int, Sequence[str]]) -> None:
    """Notes which of the runs in these courses are restricted."""
    for course_id, run_keys in restricted.items():
        these = (NestedRun.course_id == course_id, is_any_of(session, NestedRun.run_key, run_keys))
        session.execute(update(NestedRun).where(*these).values(is_restricted=True))


def _parsed(body: bytes, kind: ContentType) -> Document | None:
    """None for a document that this release would refuse: it stays as it is."""
    try:
        return document_of(decode_template(body), kind)
    except BrokenDocument:
        return None
