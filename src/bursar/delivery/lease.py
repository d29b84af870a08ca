"""Leases: which mails a worker has to itself. Every function expects the caller's transaction.

The end of a lease, `claimed_until`, tells it from every other lease: a worker that still finds its
own end in the row still has the mail, because whoever took the mail over wrote a later end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Final, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Table,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from bursar.database.bulk import is_any_of
from bursar.database.types import AnyRow
from bursar.delivery.channel import QueuedMail
from bursar.delivery.models import Mail, MailStatus
from bursar.delivery.rules import TOO_FAR_AHEAD
from bursar.identity.service import SUSPENDED

SENT_UNRECORDED: Final = "sent, but not recorded yet"
"""The error of a mail that must not be sent again, because only its record is missing."""

_MAILS: Final = cast("Table", Mail.__table__)
_MAIL: Final = _MAILS.c


@dataclass(slots=True)
class Lease:
    """The mails that one worker has until an instant, unless it renews the lease."""

    until: datetime
    mails: list[QueuedMail] = field(default_factory=list)
    sent: list[QueuedMail] = field(default_factory=list)
    """Mails that were sent before, and whose record is missing."""
    renewed: float = field(default_factory=monotonic)
    """When the lease was taken or last renewed, by a clock that nobody can set back."""

    @property
    def is_empty(self) -> bool:
        return not self.mails and not self.sent


def _reached(column: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(column <= bindparam("now"), column > bindparam("too_far"))


_DUE: Final = (
    select(*_MAIL)
    .where(
        # PostgreSQL uses the partial index only for the literal condition of the index.
        text("status = 'pending'"),
        _reached(_MAIL.next_attempt_at),
        or_(_MAIL.claimed_until.is_(None), _reached(_MAIL.claimed_until)),
        _MAIL.kind.in_(bindparam("kinds", expanding=True)),
        # Nothing is sent for these: their mails wait.
        _MAIL.enterprise_uuid.not_in(SUSPENDED),
    )
    .order_by(_MAIL.next_attempt_at, _MAIL.id)
    .limit(bindparam("limit"))
)
# Rows that another worker is leasing now are skipped instead of waited for.
_DUE_AND_FREE: Final = _DUE.with_for_update(skip_locked=True)
_ANY_DUE: Final = select(func.count()).select_from(_DUE.subquery())


def _due_parameters(kinds: Sequence[str], now: datetime, limit: int) -> dict[str, object]:
    return {"now": now, "too_far": now + TOO_FAR_AHEAD, "kinds": list(kinds), "limit": limit}


def is_any_due(connection: Connection, kinds: Sequence[str], now: datetime) -> bool:
    return bool(connection.scalar(_ANY_DUE, _due_parameters(kinds, now, 1)))


def take(
    session: Session, kinds: Sequence[str], now: datetime, duration: timedelta, limit: int
) -> Lease:
    """Leases mails that are due and that nobody has, those first that waited longest."""
    parameters = _due_parameters(kinds, now, limit)
    rows = session.connection().execute(_DUE_AND_FREE, parameters).all()
    lease = Lease(now + duration)
    for row in rows:
        (lease.sent if row.error == SENT_UNRECORDED else lease.mails).append(_queued(row))
    if rows:
        session.execute(
            update(_MAILS)
            .where(is_any_of(session, Mail.id, [row.id for row in rows]))
            .values(claimed_until=lease.until)
        )
    return lease


def _queued(row: AnyRow) -> QueuedMail:
    return QueuedMail(
        id=row.id,
        uuid=row.uuid,
        enterprise_uuid=row.enterprise_uuid,
        kind=row.kind,
        subject_uuid=row.subject_uuid,
        recipient=row.recipient,
        context=row.context,
        attempts=row.attempts,
        created_at=row.created_at,
    )


def _leased(session: Session, mails: Sequence[QueuedMail], until: datetime) -> ColumnElement[bool]:
    """The mails that the lease still covers, whatever their status has become."""
    mine = is_any_of(session, Mail.id, [mail.id for mail in mails])
    return and_(mine, _MAIL.claimed_until == until)


def statuses(
    session: Session, mails: Sequence[QueuedMail], until: datetime
) -> Mapping[int, MailStatus]:
    """The status by id of each mail that the lease still covers."""
    statement = select(_MAIL.id, _MAIL.status).where(_leased(session, mails, until))
    return {row.id: MailStatus(row.status) for row in session.execute(statement)}


def renew(session: Session, lease: Lease, mails: Sequence[QueuedMail], until: datetime) -> None:
    """Moves the end of the lease of these mails; the lease gives up its other mails."""
    change(session, mails, lease.until, {"claimed_until": until})
    lease.until, lease.renewed = until, monotonic()


def release(session: Session, mails: Sequence[QueuedMail], until: datetime) -> None:
    """Lets other workers have the mails at once."""
    change(session, mails, until, {"claimed_until": None})


def change(
    session: Session,
    mails: Sequence[QueuedMail],
    until: datetime,
    values: Mapping[str, object],
    *conditions: ColumnElement[bool],
) -> int:
    """Updates the mails that the lease still covers, and returns how many those were."""
    mine = _leased(session, mails, until)
    result = session.execute(update(_MAILS).where(mine, *conditions).values(**values))
    return cast("CursorResult[tuple[()]]", result).rowcount
