"""Slows down guessing: failed token requests for one client id from one address, in one minute."""

import math
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.orm import Session

from bursar.identity.models import TokenFailure

WINDOW = timedelta(seconds=60)
KEPT = timedelta(minutes=10)
_LONGEST = 255
_SWEEP = 1000


def seconds_to_wait(
    connection: Connection, client_id: str, address: str, *, now: datetime, limit: int
) -> int:
    """0 when another attempt may be made; otherwise whole seconds, at least 1."""
    # Fewer than `limit` failures are left once the limit-th newest has left the window.
    blocking = connection.scalar(
        select(TokenFailure.at)
        .where(
            TokenFailure.client_id == client_id[:_LONGEST],
            TokenFailure.address == address[:_LONGEST],
            TokenFailure.at > now - WINDOW,
        )
        .order_by(TokenFailure.at.desc())
        .offset(limit - 1)
        .limit(1)
    )
    return 0 if blocking is None else max(1, math.ceil((blocking + WINDOW - now).total_seconds()))


def note_failure(session: Session, client_id: str, address: str, *, now: datetime) -> None:
    """Also forgets failures older than ten minutes."""
    session.execute(
        insert(TokenFailure).values(
            client_id=client_id[:_LONGEST], address=address[:_LONGEST], at=now
        )
    )
    # Rows that another request is deleting are left to it, so the two never wait for each other.
    old = (
        select(TokenFailure.id)
        .where(TokenFailure.at < now - KEPT)
        .order_by(TokenFailure.at)
        .limit(_SWEEP)
        .with_for_update(skip_locked=True)
    )
    session.execute(
        delete(TokenFailure).where(TokenFailure.id.in_(old)),
        execution_options={"synchronize_session": False},
    )
