"""Work that is left for the moment before a transaction commits.

It takes locks that many transactions want, such as that of a row of counts, and so holds them as
briefly as possible.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Final

from sqlalchemy import event
from sqlalchemy.orm import Session

Work = Callable[[Session], None]
_KEY: Final = "at_commit"


class Turn(IntEnum):
    """The order of the work. It is the same in all transactions, so that none waits for another in
    a circle."""

    COUNTS = 1
    CLOCKS = 2
    """Last, because these locks decide the order of the commits."""


def at_commit(session: Session, turn: Turn, work: Work, forget: Work) -> None:
    """Calls `work` before the transaction of the session commits, and `forget` if it rolls back."""
    known: dict[Turn, tuple[Work, Work]] | None = session.info.get(_KEY)
    if known is None:
        known = session.info[_KEY] = {}
        event.listen(session, "before_commit", _work)
        event.listen(session, "after_rollback", _forget)
    known[turn] = (work, forget)


def _work(session: Session) -> None:
    if session.in_nested_transaction():  # A savepoint ends. The transaction does not commit yet.
        return
    known: dict[Turn, tuple[Work, Work]] = session.info[_KEY]
    for turn in sorted(known):
        known[turn][0](session)


def _forget(session: Session) -> None:
    for _, forget in session.info[_KEY].values():
        forget(session)
