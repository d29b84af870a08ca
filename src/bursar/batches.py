"""Many values a batch at a time, so that no statement grows with what a caller sends."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Value = TypeVar("Value")


def batched(values: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Lists of `size` values in their order, the last one shorter where they do not come out even.

    Values are taken as they are needed: of an endless iterator only one batch is in memory.
    `itertools.batched` needs Python 3.12 and gives tuples, where database drivers want lists.
    """
    remaining = iter(values)
    while batch := list(islice(remaining, size)):
        yield batch
