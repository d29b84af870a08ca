"""The lives of assignments and transactions, as tables of the moves that are possible.

Triggers in the database refuse every other move (`illegal_moves` in the migrations), and a test
walks every pair on both databases.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class AssignmentState(StrEnum):
    ALLOCATED = "allocated"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    ERRORED = "errored"
    EXPIRED = "expired"
    REVERSED = "reversed"


class AssignmentMove(StrEnum):
    ALLOCATE = "allocate"
    REDEEM = "redeem"
    CANCEL = "cancel"
    EXPIRE = "expire"
    FAIL = "fail"
    REVERSE = "reverse"


class TransactionState(StrEnum):
    CREATED = "created"
    COMMITTED = "committed"
    FAILED = "failed"
    REVERSED = "reversed"


class TransactionMove(StrEnum):
    COMMIT = "commit"
    FAIL = "fail"
    REVERSE = "reverse"


class LearnerState(StrEnum):
    NOTIFYING = "notifying"
    WAITING = "waiting"
    EXPIRED = "expired"
    FAILED = "failed"


_S, _E = AssignmentState, AssignmentMove

ASSIGNMENT_MOVES: Final[Mapping[tuple[AssignmentState, AssignmentMove], AssignmentState]] = {
    (_S.ALLOCATED, _E.REDEEM): _S.ACCEPTED,
    (_S.ALLOCATED, _E.CANCEL): _S.CANCELLED,
    (_S.ERRORED, _E.CANCEL): _S.CANCELLED,
    (_S.ALLOCATED, _E.EXPIRE): _S.EXPIRED,
    (_S.ALLOCATED, _E.FAIL): _S.ERRORED,
    (_S.ACCEPTED, _E.REVERSE): _S.REVERSED,
    (_S.CANCELLED, _E.ALLOCATE): _S.ALLOCATED,
    (_S.ERRORED, _E.ALLOCATE): _S.ALLOCATED,
    (_S.EXPIRED, _E.ALLOCATE): _S.ALLOCATED,
    (_S.REVERSED, _E.ALLOCATE): _S.ALLOCATED,
}
TRANSACTION_MOVES: Final[Mapping[tuple[TransactionState, TransactionMove], TransactionState]] = {
    (TransactionState.CREATED, TransactionMove.COMMIT): TransactionState.COMMITTED,
    (TransactionState.CREATED, TransactionMove.FAIL): TransactionState.FAILED,
    (TransactionState.COMMITTED, TransactionMove.REVERSE): TransactionState.REVERSED,
}


class IllegalMove(Exception):
    """The move is not possible in this state."""

    def __init__(self, state: str, move: str) -> None:
        super().__init__(f"{move} is impossible in state {state}")
        self.state = state


def after(state: AssignmentState, move: AssignmentMove) -> AssignmentState:
    """The state that the move leads to. Raises IllegalMove."""
    try:
        return ASSIGNMENT_MOVES[state, move]
    except KeyError:
        raise IllegalMove(state, move) from None


def transaction_after(state: TransactionState, move: TransactionMove) -> TransactionState:
    """The state that the move leads to. Raises IllegalMove."""
    try:
        return TRANSACTION_MOVES[state, move]
    except KeyError:
        raise IllegalMove(state, move) from None


def states_with(move: AssignmentMove) -> tuple[AssignmentState, ...]:
    """The states in which the move is possible."""
    return tuple(state for state, possible in ASSIGNMENT_MOVES if possible is move)
