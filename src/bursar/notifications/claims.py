"""Which mails a worker has to itself. Every function expects the caller's transaction.

A claim is told from every other by its end: `claimed_until`. Who still finds it there still has
the mail; whoever took it over later wrote a later end.
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
from bursar.notifications.kinds import QueuedMail
from bursar.notifications.models import Mail, MailStatus
from bursar.notifications.rules import TOO_FAR_AHEAD

SENT_UNRECORDED: Final = "sent, but not recorded yet"
"""The error of a mail that must not be sent again: only its record is missing."""

_MAILS: Final = cast("Table", Mail.__table__)
_MAIL: Final = _MAILS.c


@dataclass(slots=True)
class Batch:
    until: datetime
    mails: list[QueuedMail] = field(default_factory=list)
    sent: list[QueuedMail] = field(default_factory=list)
    """Whose record is missing."""
    since: float = field(default_factory=monotonic)
    """When the claim was last made sure of; by a clock that nobody sets."""

    @property
    def is_empty(self) -> bool:
        return not self.mails and not self.sent


def _reached(column: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(column <= bindparam("now"), column > bindparam("too_far"))


_DUE: Final = (
    select(*_MAIL)
    .where(
        text("status = 'pending'"),  # said as the partial index says it
        _reached(_MAIL.next_attempt_at),
        or_(_MAIL.claimed_until.is_(None), _reached(_MAIL.claimed_until)),
        _MAIL.kind.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(_MAIL.next_attempt_at, _MAIL.id)
    .limit(bindparam("limit"))
)
_DUE_AND_FREE: Final = _DUE.with_for_update(skip_locked=True)
_ANY_DUE: Final = select(func.count()).select_from(_DUE.subquery())


def _due_parameters(kinds: Sequence[str], now: datetime, limit: int) -> dict[str, object]:
    return {"now": now, "too_far": now + TOO_FAR_AHEAD, "kinds": list(kinds), "limit": limit}


def is_any_due(connection: Connection, kinds: Sequence[str], now: datetime) -> bool:
    return bool(connection.scalar(_ANY_DUE, _due_parameters(kinds, now, 1)))


def claim(
    session: Session, kinds: Sequence[str], now: datetime, lease: timedelta, limit: int
) -> Batch:
    """Mails that are due and nobody has, those that waited longest first."""
    parameters = _due_parameters(kinds, now, limit)
    rows = session.connection().execute(_DUE_AND_FREE, parameters).all()
    batch = Batch(now + lease)
    for row in rows:
        (batch.sent if row.error == SENT_UNRECORDED else batch.mails).append(_queued(row))
    if rows:
        session.execute(
            update(_MAILS)
            .where(is_any_of(session, Mail.id, [row.id for row in rows]))
            .values(claimed_until=batch.until)
        )
    return batch


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


def held_by(session: Session, mails: Sequence[QueuedMail], until: datetime) -> ColumnElement[bool]:
    """Those among the mails that the claim still covers, whatever their status is by now."""
    mine = is_any_of(session, Mail.id, [mail.id for mail in mails])
    return and_(mine, _MAIL.claimed_until == until)


def statuses(
    session: Session, mails: Sequence[QueuedMail], until: datetime
) -> Mapping[int, MailStatus]:
    """By id, of those that the claim still covers."""
    statement = select(_MAIL.id, _MAIL.status).where(held_by(session, mails, until))
    return {row.id: MailStatus(row.status) for row in session.execute(statement)}


def extend(session: Session, batch: Batch, mails: Sequence[QueuedMail], until: datetime) -> None:
    change(session, mails, batch.until, {"claimed_until": until})
    batch.until, batch.since = until, monotonic()


def release(session: Session, mails: Sequence[QueuedMail], until: datetime) -> None:
    """Others may have them at once."""
    change(session, mails, until, {"claimed_until": None})


def change(
    session: Session,
    mails: Sequence[QueuedMail],
    until: datetime,
    values: Mapping[str, object],
    *conditions: ColumnElement[bool],
) -> int:
    """How many of the mails the claim still covered."""
    held = held_by(session, mails, until)
    result = session.execute(update(_MAILS).where(held, *conditions).values(**values))
    return cast("CursorResult[tuple[()]]", result).rowcount
