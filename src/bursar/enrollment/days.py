"""Counts the rows of an enterprise's report by their day of activity, in the transaction that
changes them.

The sum is the length of the report, and a late page is found without counting the rows before it.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Connection, bindparam, func, select
from sqlalchemy.orm import Session

from bursar.database.at_commit import Turn, at_commit
from bursar.database.engine import insert_for
from bursar.enrollment.models import EnrollmentDay

NO_DAY: Final = 0
"""The day of rows without activity, or whose activity is not shared. They are ordered last."""
_PENDING: Final = "enrollment_days"

_days = EnrollmentDay.__table__.c
_OF_ENTERPRISE: Final = _days.enterprise_uuid == bindparam("enterprise_uuid")
_COUNT: Final = select(func.coalesce(func.sum(_days.row_count), 0)).where(_OF_ENTERPRISE)
_reached = (
    select(
        _days.activity_day,
        func.sum(_days.row_count).over(order_by=_days.activity_day.desc()).label("reached"),
        _days.row_count,
    )
    .where(_OF_ENTERPRISE, _days.row_count > 0)
    .subquery()
)
_LOCATE: Final = (
    select(_reached.c.activity_day, _reached.c.reached - _reached.c.row_count)
    .where(_reached.c.reached > bindparam("offset", type_=BigInteger()))
    .order_by(_reached.c.activity_day.desc())
    .limit(1)
)


def day_number(day: date | None) -> int:
    """The number of the day, as `database.dates.DayNumber` calculates it."""
    return NO_DAY if day is None else day.toordinal()


def change_days(session: Session, deltas: Mapping[tuple[UUID, int], int]) -> None:
    """Adds to the numbers of rows by enterprise and day.

    The changes are written when the transaction commits. All enrollments of an enterprise change
    the same few rows, so their locks must be held as briefly as possible.
    """
    pending: Counter[tuple[UUID, int]] | None = session.info.get(_PENDING)
    if pending is None:
        pending = session.info[_PENDING] = Counter()
        at_commit(session, Turn.COUNTS, _write_out, _forget)
    pending.update(deltas)
    if session.in_nested_transaction():  # which may yet be undone by itself
        _write_out(session)


def count_rows(connection: Connection, enterprise_uuid: UUID) -> int:
    return int(connection.execute(_COUNT, {"enterprise_uuid": enterprise_uuid}).scalar_one())


def locate(connection: Connection, enterprise_uuid: UUID, offset: int) -> tuple[int | None, int]:
    """The day of the row at this offset, latest days first, and its offset within the day. The day
    is None after the last row."""
    values = {"enterprise_uuid": enterprise_uuid, "offset": offset}
    found = connection.execute(_LOCATE, values).first()
    return (None, 0) if found is None else (found[0], offset - int(found[1]))


def _write_out(session: Session) -> None:
    pending: Counter[tuple[UUID, int]] = session.info[_PENDING]
    # The rows are locked in one order everywhere, so that there is no deadlock.
    rows = [_row(*place, pending[place]) for place in sorted(pending) if pending[place]]
    pending.clear()
    if rows:
        statement = insert_for(session, EnrollmentDay)
        upsert = statement.values(row_count=bindparam("initial")).on_conflict_do_update(
            index_elements=["enterprise_uuid", "activity_day"],
            set_={"row_count": _days.row_count + bindparam("delta", type_=BigInteger())},
        )
        session.connection().execute(upsert, rows)


def _row(enterprise_uuid: UUID, day: int, delta: int) -> dict[str, Any]:
    # PostgreSQL checks constraints of the inserted row before it finds the existing one. So no
    # negative number is inserted.
    return {
        "enterprise_uuid": enterprise_uuid,
        "activity_day": day,
        "initial": max(delta, 0),
        "delta": delta,
    }


def _forget(session: Session) -> None:
    session.info[_PENDING].clear()
