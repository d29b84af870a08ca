"""The tables of states: nothing is possible that the life of an assignment does not name."""

from itertools import product

import pytest

from bursar.credit.states import (
    AssignmentMove,
    AssignmentState,
    IllegalMove,
    TransactionMove,
    TransactionState,
    after,
    states_with,
    transaction_after,
)

LIFE = {
    ("allocated", "redeem"): "accepted",
    ("allocated", "cancel"): "cancelled",
    ("errored", "cancel"): "cancelled",
    ("allocated", "expire"): "expired",
    ("allocated", "fail"): "errored",
    ("accepted", "reverse"): "reversed",
    ("cancelled", "allocate"): "allocated",
    ("errored", "allocate"): "allocated",
    ("expired", "allocate"): "allocated",
    ("reversed", "allocate"): "allocated",
}
TRANSACTIONS = {
    ("created", "commit"): "committed",
    ("created", "fail"): "failed",
    ("committed", "reverse"): "reversed",
}


@pytest.mark.parametrize(("state", "event"), [*product(AssignmentState, AssignmentMove)])
def test_an_assignment_goes_only_the_ways_of_its_life(
    state: AssignmentState, event: AssignmentMove
) -> None:
    expected = LIFE.get((state, event))
    if expected is not None:
        assert after(state, event) == expected
        return
    with pytest.raises(IllegalMove, match=f"{event} is impossible in state {state}") as caught:
        after(state, event)
    assert caught.value.state == state


@pytest.mark.parametrize(("state", "event"), [*product(TransactionState, TransactionMove)])
def test_a_transaction_goes_only_its_ways(state: TransactionState, event: TransactionMove) -> None:
    expected = TRANSACTIONS.get((state, event))
    if expected is not None:
        assert transaction_after(state, event) == expected
        return
    with pytest.raises(IllegalMove):
        transaction_after(state, event)


@pytest.mark.parametrize("event", AssignmentMove)
def test_the_states_of_an_event_are_those_that_it_leaves(event: AssignmentMove) -> None:
    assert set(states_with(event)) == {state for state, possible in LIFE if possible == event}


def test_every_event_leads_to_one_state_only() -> None:
    for event in AssignmentMove:
        assert len({after(state, event) for state in states_with(event)}) == 1
