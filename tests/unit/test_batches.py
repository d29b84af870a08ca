"""Values are handed on a batch at a time."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from bursar.batches import batched


@given(values=st.lists(st.integers(), max_size=40), size=st.integers(1, 12))
def test_every_value_comes_once_in_its_order(values: list[int], size: int) -> None:
    batches = list(batched(values, size))
    assert [value for batch in batches for value in batch] == values
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(0 < len(batch) <= size for batch in batches)


def test_only_one_batch_is_taken_at_a_time() -> None:
    numbers = count()
    batches = batched(numbers, 3)
    assert next(batches) == [0, 1, 2]
    assert next(numbers) == 3
    assert next(batches) == [4, 5, 6]
