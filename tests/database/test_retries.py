"""Which transactions are done again, and how often."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import ref

import pytest
from sqlalchemy.exc import DBAPIError

from bursar.database.retries import with_retries


class Failure(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


class Transaction:
    """Fails with these states in turn, then succeeds."""

    def __init__(self, *states: str | None) -> None:
        self.errors = [DBAPIError("SELECT", None, Failure(state)) for state in states]
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if len(self.errors) >= self.calls:
            raise self.errors[self.calls - 1]
        return self.calls


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_what_the_database_gave_up_is_done_again(state: str) -> None:
    assert with_retries(Transaction(state, state), 3) == 3


@pytest.mark.parametrize("state", ["23505", None])
def test_what_would_fail_again_is_done_once(state: str | None) -> None:
    transaction = Transaction(state)
    with pytest.raises(DBAPIError):
        with_retries(transaction, 3)
    assert transaction.calls == 1


def test_the_last_error_is_raised_in_the_end() -> None:
    transaction = Transaction("40001", "40P01", "40001", "40001")
    with pytest.raises(DBAPIError) as raised:
        with_retries(transaction, 3)
    assert raised.value is transaction.errors[2]
    assert transaction.calls == 3


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_what_a_refused_transaction_held_is_free_at_once() -> None:
    """Web processes collect garbage rarely: an error in a cycle would keep rows and sessions."""
    held: list[ref[Transaction]] = []

    def refuse() -> None:
        rows = Transaction()
        held.append(ref(rows))
        raise ValueError

    def ask() -> None:
        with pytest.raises(ValueError, match=r"^$"):
            with_retries(refuse, 3)

    with without_garbage_collection():
        ask()
        assert held[0]() is None
