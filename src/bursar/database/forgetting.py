"""Forgets what has become old: a batch of rows in a transaction, so that nobody waits for long."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, CursorResult, Delete, Table, Update, delete, select, tuple_
from sqlalchemy import update as update_of
from sqlalchemy.orm import Session

from bursar.database.doors import Door, opened
from bursar.database.engine import Database

BATCH: Final = 2_000


def days_before(now: datetime, days: int) -> datetime | None:
    """What is older is forgotten; None: nothing is, because 0 days mean for ever. The same for more
    days than there are dates."""
    try:
        return now - timedelta(days=days) if days else None
    except OverflowError:
        return None


def in_batches(database: Database, step: Callable[[Session], int]) -> int:
    """Repeats a step, each time in a transaction, until it did less than a batch. Returns how many
    it did in all."""
    total = 0
    while True:
        with database.transaction() as session:
            done = step(session)
        total += done
        if done < BATCH:
            return total


def delete_old(
    database: Database, table: Table, *conditions: ColumnElement[bool], door: Door | None = None
) -> int:
    """Deletes the rows, through a door if their table is append-only. Returns how many.

    Rows that another transaction holds are left for the next time.
    """
    statement = delete(table).where(_some(table, conditions))

    def delete_some(session: Session) -> int:
        with nullcontext() if door is None else opened(session, door):
            return changed_rows(session, statement)

    return in_batches(database, delete_some)


def empty_old(
    database: Database,
    table: Table,
    values: Mapping[str, Any],
    *conditions: ColumnElement[bool],
    door: Door | None = None,
) -> int:
    """The same, for rows that get other values, with which the conditions hold no longer."""
    statement = update_of(table).where(_some(table, conditions)).values(dict(values))

    def empty_some(session: Session) -> int:
        with nullcontext() if door is None else opened(session, door):
            return changed_rows(session, statement)

    return in_batches(database, empty_some)


def _some(table: Table, conditions: tuple[ColumnElement[bool], ...]) -> ColumnElement[bool]:
    keys = list(table.primary_key.columns)
    # Locks are taken here and never waited for, so that no deadlock is possible. PostgreSQL runs a
    # common table expression once; a subquery that locks it may run again, for further rows.
    some = select(*keys).where(*conditions).limit(BATCH).with_for_update(skip_locked=True)
    found = some.cte("found", nesting=True)  # SQLite counts no rows of a statement WITH one
    return tuple_(*keys).in_(select(*found.c))


def changed_rows(session: Session, statement: Update | Delete) -> int:
    return cast("CursorResult[tuple[()]]", session.execute(statement)).rowcount
