"""Instants that follow the order of commits, for readers who ask for what came after an instant.

A row is stamped when it is written, but others see it only after the commit. A large transaction
that began first can commit last. A reader who has seen a later stamp of a small one by then would
never ask for the stamps of the large one.

So each log has a clock for each owner, such as an enterprise: a row that holds the latest stamp of
what is committed. A transaction advances it as its last statement, and holds the lock on the row
until the commit. If another transaction has committed a later stamp meanwhile, the rows are
stamped again. Whoever reads the clock first and then the log has therefore seen everything up to
that instant, and what others commit afterwards is later. This is also true on a standby, which
applies commits in their order.

A log whose rows may change, such as the enrollments of the report, is stamped when it is written
and calls `stamp_in_order`. Usually nothing has to be stamped again. The log of events has another
way: see `bursar.events.sequencing`.

docs/decisions/0021-stamps-in-the-order-of-commits.md compares this with other ways.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    ScalarSelect,
    bindparam,
    case,
    select,
    type_coerce,
)
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import TypeDecorator

from bursar.database.at_commit import Turn, at_commit
from bursar.database.base import Base
from bursar.database.engine import insert_for

_KEY: Final = "commit_order"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class CommitClock(Base):
    __tablename__ = "commit_clocks"

    log: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[UUID] = mapped_column(primary_key=True)
    stamp: Mapped[int] = mapped_column(BigInteger)
    """Microseconds since 1970 in UTC, because both databases can add to them."""


class _Stamp(TypeDecorator[datetime]):
    impl = BigInteger
    cache_ok = True

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


Restamp: TypeAlias = Callable[[Session, UUID, Sequence[int], datetime, datetime], None]
"""Gives rows of an owner a later stamp: the session, the owner, ids by which the log finds the
rows, their stamp and the new one. Only rows that have that stamp may change."""


@dataclass(frozen=True)
class StampedLog:
    name: str
    """It is stored, so it must never change."""
    restamp: Restamp


_Pending: TypeAlias = dict[tuple[str, UUID], tuple[StampedLog, dict[datetime, set[int]]]]

_clocks: Final = CommitClock.__table__.c


def stamp_in_order(
    session: Session, log: StampedLog, owner: UUID, ids: Sequence[int], at: datetime
) -> None:
    """After rows of the owner were stamped with `at`: makes sure that they are later than all that
    is committed before them. `ids` are what `log.restamp` is to find them by."""
    pending: _Pending | None = session.info.get(_KEY)
    if pending is None:
        pending = session.info[_KEY] = {}
        at_commit(session, Turn.CLOCKS, _put_in_order, _forget)
    _, stamped = pending.setdefault((log.name, owner), (log, {}))
    stamped.setdefault(at, set()).update(ids)


def _put_in_order(session: Session) -> None:
    pending: _Pending = session.info[_KEY]
    # The clocks are locked in one order everywhere, so that there is no deadlock.
    for name, owner in sorted(pending):
        log, stamped = pending[name, owner]
        stamp = advance(session, name, owner, min(stamped), max(stamped))
        if stamp != max(stamped):
            for at, ids in stamped.items():
                log.restamp(session, owner, sorted(ids), at, stamp)
    pending.clear()


def _forget(session: Session) -> None:
    session.info[_KEY].clear()


def advance(
    session: Session, log: str, owner: UUID, first: datetime, last: datetime | None = None
) -> datetime:
    """Locks the clock, until the transaction ends, and advances it to `last` if `first` is later
    than it, otherwise past both. Returns its new instant."""
    statement = insert_for(session, CommitClock).values(
        log=log, owner=owner, stamp=bindparam("last", type_=BigInteger())
    )
    new = statement.excluded.stamp
    past_both = case((_clocks.stamp > new, _clocks.stamp), else_=new) + 1
    is_in_order = _clocks.stamp < bindparam("first", type_=BigInteger())
    upsert = statement.on_conflict_do_update(
        index_elements=["log", "owner"], set_={"stamp": case((is_in_order, new), else_=past_both)}
    ).returning(type_coerce(_clocks.stamp, _Stamp()))
    values = {"first": _microseconds(first), "last": _microseconds(last or first)}
    stamp: datetime = session.connection().execute(upsert, values).scalar_one()
    return stamp


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def clock_of(log: str, owner: ColumnElement[Any]) -> ScalarSelect[datetime]:
    """The instant up to which the owner's log is complete, or null if nothing was written.

    It must be read in the snapshot in which the log is read, or before that.
    """
    return (
        select(type_coerce(_clocks.stamp, _Stamp()))
        .where(_clocks.log == log, _clocks.owner == owner)
        .scalar_subquery()
    )
