"""The front door of stored content."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.catalog.content.models import ContentState


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
