"""Forgets deliveries that are done: first what they said and were answered, and much later that
there was one."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Boolean, Table, literal_column, select
from sqlalchemy.orm import Session

from bursar.database.bulk import is_any_of
from bursar.database.engine import Database
from bursar.database.forgetting import delete_old, empty_old
from bursar.delivery.models import Delivery, DeliveryAttempt, DeliveryStatus

_DELIVERIES: Final = cast("Table", Delivery.__table__)
_ATTEMPTS: Final = cast("Table", DeliveryAttempt.__table__)
_IS_ANSWERED: Final = literal_column("answer IS NOT NULL", Boolean())
_IS_DONE: Final = _DELIVERIES.c.status != DeliveryStatus.PENDING.value
# PostgreSQL uses the partial index only for the literal condition of the index.
_IS_WORDED: Final = literal_column("context <> '{}'", Boolean())


def forget_texts(database: Database, before: datetime) -> int:
    """Empties what older deliveries said. Returns how many."""
    old = (_DELIVERIES.c.created_at < before, _IS_WORDED, _IS_DONE)
    return empty_old(database, _DELIVERIES, {"context": {}}, *old)


def forget_answers(database: Database, before: datetime) -> int:
    """Empties what others answered to older attempts. Returns how many."""
    old = (_ATTEMPTS.c.at < before, _IS_ANSWERED)
    return empty_old(database, _ATTEMPTS, {"answer": None}, *old)


def forget_deliveries(database: Database, enterprises: Iterable[UUID], before: datetime) -> int:
    """Deletes older deliveries of these enterprises, with their addresses and attempts. Returns how
    many."""
    return sum(
        delete_old(
            database,
            _DELIVERIES,
            _DELIVERIES.c.enterprise_uuid == enterprise,
            _DELIVERIES.c.created_at < before,
            _IS_DONE,
        )
        for enterprise in enterprises
    )


def known_deliveries(session: Session, uuids: Sequence[UUID]) -> set[UUID]:
    """Those that still exist."""
    return set(
        session.scalars(select(Delivery.uuid).where(is_any_of(session, Delivery.uuid, uuids)))
    )
