"""How targets are, which attempts say: a table of them has `uuid`, `succeeded_at`, `failing_since`.
Expects the caller's transaction."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Table, or_, select, update
from sqlalchemy.orm import Session

_NOTED_ANEW: Final = timedelta(seconds=10)
"""A success is written down at most so often: it would be a write for each batch."""


def lock_targets(session: Session, table: Table, targets: Collection[UUID]) -> None:
    """Before their deliveries, in the order of whoever removes a target and drops what waits for
    it: in the other order, each could wait for the other."""
    target = table.c
    mine = select(target.uuid).where(target.uuid.in_(targets)).order_by(target.uuid)
    session.execute(mine.with_for_update(key_share=True))


def note_success(session: Session, table: Table, targets: Collection[UUID], now: datetime) -> None:
    target = table.c
    if targets:
        session.execute(
            update(table)
            .where(
                target.uuid.in_(targets),
                or_(
                    target.failing_since.is_not(None),
                    target.succeeded_at.is_(None),
                    target.succeeded_at < now - _NOTED_ANEW,
                ),
            )
            .values(succeeded_at=now, failing_since=None)
        )


def note_failure(session: Session, table: Table, targets: Collection[UUID], now: datetime) -> None:
    """Since when it fails; what failed before that is not forgotten by it."""
    target = table.c
    if targets:
        session.execute(
            update(table)
            .where(target.uuid.in_(targets), target.failing_since.is_(None))
            .values(failing_since=now)
        )
