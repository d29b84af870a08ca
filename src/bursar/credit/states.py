"""The life of an assignment and of a transaction, as tables. The database enforces the same ones
with triggers (`illegal_moves`), and a test walks every pair on both databases."""

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


class AssignmentEvent(StrEnum):
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


class TransactionEvent(StrEnum):
    COMMIT = "commit"
    FAIL = "fail"
    REVERSE = "reverse"


class LearnerState(StrEnum):
    NOTIFYING = "notifying"
    WAITING = "waiting"
    EXPIRED = "expired"
    FAILED = "failed"


_S, _E = AssignmentState, AssignmentEvent

ASSIGNMENT_MOVES: Final[Mapping[tuple[AssignmentState, AssignmentEvent], AssignmentState]] = {
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
TRANSACTION_MOVES: Final[Mapping[tuple[TransactionState, TransactionEvent], TransactionState]] = {
    (TransactionState.CREATED, TransactionEvent.COMMIT): TransactionState.COMMITTED,
    (TransactionState.CREATED, TransactionEvent.FAIL): TransactionState.FAILED,
    (TransactionState.COMMITTED, TransactionEvent.REVERSE): TransactionState.REVERSED,
}


class IllegalMove(Exception):
    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"{event} is impossible in state {state}")
        self.state = state


def after(state: AssignmentState, event: AssignmentEvent) -> AssignmentState:
    """Raises IllegalMove."""
    try:
        return ASSIGNMENT_MOVES[state, event]
    except KeyError:
        raise IllegalMove(state, event) from None


def transaction_after(state: TransactionState, event: TransactionEvent) -> TransactionState:
    """Raises IllegalMove."""
    try:
        return TRANSACTION_MOVES[state, event]
    except KeyError:
        raise IllegalMove(state, event) from None


def states_with(event: AssignmentEvent) -> tuple[AssignmentState, ...]:
    """Those in which the event is possible."""
    return tuple(state for state, possible in ASSIGNMENT_MOVES if possible is event)
