"""Deletes documents. Their rows stay, empty, so that catalogs can tell clients what they lost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.facts import disown_facts
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.database.bulk import is_any_of
from bursar.database.types import AnyRow

_EMPTY: Final = b"{}"
_NO_HASH: Final = b""
"""Of no document, so that every document that comes again is written."""


def empty_documents(session: Session, rows: Sequence[AnyRow], now: datetime) -> None:
    """`rows` have id, content_type and key. The caller holds the content lock, and takes the
    documents out of the queries."""
    ids = [row.id for row in rows]
    session.connection().execute(
        update(ContentItem)
        .where(is_any_of(session, ContentItem.id, ids))
        .values(
            family_key=None,
            title="",
            body=_EMPTY,
            body_hash=_NO_HASH,
            active_until=clock.NEVER,
            changed_at=now,
            deleted_at=now,
        )
    )
    session.connection().execute(
        delete(NestedRun).where(is_any_of(session, NestedRun.course_id, ids))
    )
    runs = [row.key for row in rows if row.content_type == ContentType.COURSE_RUN.value]
    if runs:
        disown_facts(session, runs)
