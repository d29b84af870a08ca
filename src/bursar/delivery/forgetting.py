"""Forgets mails that are done: first what they said, and much later that there was one."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Boolean, Table, literal_column, select
from sqlalchemy.orm import Session

from bursar.database.bulk import is_any_of
from bursar.database.engine import Database
from bursar.database.forgetting import delete_old, empty_old
from bursar.delivery.models import Mail, MailStatus

_MAILS: Final = cast("Table", Mail.__table__)
_IS_DONE: Final = _MAILS.c.status != MailStatus.PENDING.value
# PostgreSQL uses the partial index only for the literal condition of the index.
_IS_WORDED: Final = literal_column("context <> '{}'", Boolean())


def forget_texts(database: Database, before: datetime) -> int:
    """Empties what older mails said. Returns how many."""
    old = (_MAILS.c.created_at < before, _IS_WORDED, _IS_DONE)
    return empty_old(database, _MAILS, {"context": {}}, *old)


def forget_mails(database: Database, enterprises: Iterable[UUID], before: datetime) -> int:
    """Deletes older mails of these enterprises, with their addresses. Returns how many."""
    return sum(
        delete_old(
            database,
            _MAILS,
            _MAILS.c.enterprise_uuid == enterprise,
            _MAILS.c.created_at < before,
            _IS_DONE,
        )
        for enterprise in enterprises
    )


def known_mails(session: Session, uuids: Sequence[UUID]) -> set[UUID]:
    """Those that still exist."""
    return set(session.scalars(select(Mail.uuid).where(is_any_of(session, Mail.uuid, uuids))))
