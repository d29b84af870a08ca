"""Transactions that the database gives up although nothing is wrong with them."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

Result = TypeVar("Result")

# Serialization failure and deadlock, by their SQLSTATE.
_GIVEN_UP = frozenset({"40001", "40P01"})


def with_retries(transaction: Callable[[], Result], attempts: int) -> Result:
    """What `transaction` returns; it begins and commits a transaction of its own at each call.

    It is called again, up to so many times in all, when the database rolled it back because of
    others: rolled back whole, doing it again does it once. Raises whatever else it raises, and
    the last such error. A loop, for a library would keep each error that is raised through it,
    with the frames and rows below, until the garbage collector comes by (decision 0017).
    """
    for _ in range(attempts - 1):
        try:
            return transaction()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _GIVEN_UP:
                raise
    return transaction()
