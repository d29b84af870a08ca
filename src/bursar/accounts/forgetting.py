"""Forgets sessions, links and half sign-ins that ended, and keys that no app has shown to have."""

from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy import Table

from bursar.accounts.models import ConsoleEntrance, ConsoleLink, ConsoleSession, ConsoleTotp
from bursar.database.engine import Database
from bursar.database.forgetting import delete_old

_SESSIONS: Final = cast("Table", ConsoleSession.__table__)
_LINKS: Final = cast("Table", ConsoleLink.__table__)
_ENTRANCES: Final = cast("Table", ConsoleEntrance.__table__)
_KEYS: Final = cast("Table", ConsoleTotp.__table__)
_KEPT: Final = timedelta(days=1)


def forget_sign_ins(database: Database, now: datetime) -> int:
    """Deletes those that ended a day ago, whatever the settings say. Returns how many."""
    before = now - _KEPT
    ended = [(table, table.c.expires_at < before) for table in (_SESSIONS, _LINKS, _ENTRANCES)]
    unconfirmed = _KEYS.c.confirmed_at.is_(None) & (_KEYS.c.created_at < before)
    return sum(delete_old(database, table, old) for table, old in [*ended, (_KEYS, unconfirmed)])
