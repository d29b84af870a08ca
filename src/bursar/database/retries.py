"""Repeats transactions that the database aborted only because of other transactions."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

Result = TypeVar("Result")

# The SQLSTATEs of a serialization failure and of a deadlock.
_GIVEN_UP = frozenset({"40001", "40P01"})


def with_retries(transaction: Callable[[], Result], attempts: int) -> Result:
    """Returns what `transaction` returns, which begins and commits a transaction at each call.

    When the database rolled it back because of another transaction, it is called again, up to
    `attempts` times in all. This is safe because nothing of a rolled back transaction remains. Any
    other error, and the last such error, is raised.

    This is a plain loop because retry libraries keep each error that is raised through them, with
    its frames and rows, until the garbage collector runs (decision 0017).
    """
    for _ in range(attempts - 1):
        try:
            return transaction()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _GIVEN_UP:
                raise
    return transaction()
