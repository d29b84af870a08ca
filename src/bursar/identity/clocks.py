"""The clocks of enterprises. All are the clock on the wall but those of sandboxes that were
advanced."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Table, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.database.engine import Database
from bursar.identity.models import Enterprise
from bursar.identity.refusals import ClockTooFarAhead

MOST_AHEAD: Final = timedelta(days=3650)
Which: TypeAlias = UUID | ScalarSelect[UUID]
"""An enterprise, or the query that names it."""
_TABLE: Final = cast("Table", Enterprise.__table__)
_ADVANCED: Final = select(_TABLE.c.uuid).where(_TABLE.c.clock_seconds > 0)


def clock_ahead(connection: Connection, enterprise: Which) -> timedelta:
    """By how much the clock of an enterprise is ahead."""
    found = connection.scalar(select(_TABLE.c.clock_seconds).where(_TABLE.c.uuid == enterprise))
    return timedelta(seconds=found or 0)


@contextmanager
def in_time_of(database: Database, enterprise: Which) -> Iterator[None]:
    """In the block, now is what it is for this enterprise. It is for jobs; requests know it."""
    with database.read() as connection:
        ahead = clock_ahead(connection, enterprise)
    with clock.ahead_by(ahead):
        yield


def is_decided(enterprise: ColumnElement[Any], only: UUID | None) -> ColumnElement[bool]:
    """The condition of scheduled work: of one enterprise, or of all that go by the clock on the
    wall. What is due in a sandbox that was advanced is decided by its own clock, when somebody
    advances it."""
    return enterprise.not_in(_ADVANCED) if only is None else enterprise == only


def advance_clock(session: Session, sandbox: UUID, span: timedelta) -> timedelta:
    """By how much the clock is ahead then. Raises ClockTooFarAhead."""
    seconds, most = int(span.total_seconds()), int(MOST_AHEAD.total_seconds())
    statement = (
        update(_TABLE)
        .where(
            _TABLE.c.uuid == sandbox, _TABLE.c.is_sandbox, _TABLE.c.clock_seconds + seconds <= most
        )
        .values(clock_seconds=_TABLE.c.clock_seconds + seconds)
        .returning(_TABLE.c.clock_seconds)
    )
    total = session.connection().execute(statement).scalar()
    if total is None:
        raise ClockTooFarAhead(MOST_AHEAD.days)
    return timedelta(seconds=total)
