"""Splits many values into batches, so that the size of a statement does not depend on a caller."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Value = TypeVar("Value")


def batched(values: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Lists of `size` values in their order; the last one may be shorter.

    Values are read as they are needed, so only one batch is in memory. `itertools.batched` needs
    Python 3.12 and yields tuples, while database drivers want lists.
    """
    remaining = iter(values)
    while batch := list(islice(remaining, size)):
        yield batch
