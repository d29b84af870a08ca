"""The front door of stored content: its lock, and what is kept beside the documents."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.facts import store_facts, stored_sources
from bursar.catalog.content.models import ContentItem, ContentState, RunFacts
from bursar.database.engine import Database

_BATCH: Final = 500


def lock_content(session: Session, now: datetime | None = None) -> datetime:
    """Waits until nobody else changes content or membership; held to the transaction's end.

    Returns the instant to stamp changes with: `now`, or the clock's with the lock in hand, so
    that stamps grow in the order of commits and a client that polls misses nothing.
    """
    session.execute(update(ContentState).values(id=ContentState.id))
    if now is None:
        last = session.scalars(select(ContentState.changed_at)).one()
        now = max(clock.now(), last + timedelta(microseconds=1))
    session.execute(update(ContentState).values(changed_at=now))
    return now


def fill_facts(database: Database) -> None:
    """Once after an upgrade, for documents that were stored before facts were kept."""
    with database.transaction() as session:
        if session.scalar(select(exists(select(RunFacts.run_key)))):
            return
        after = 0
        while sources := stored_sources(session, *_after(after), limit=_BATCH):
            store_facts(session, sources)
            after = sources[-1].content_id


def _after(content_id: int) -> tuple[ColumnElement[bool], ...]:
    return ContentItem.id > content_id, ContentItem.content_type != ContentType.PROGRAM.value
