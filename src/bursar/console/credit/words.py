"""What the states of assignments are called here, and what can be done about failures."""

from dataclasses import dataclass
from typing import Final

from bursar.credit.assignments.views import AssignmentListItem
from bursar.credit.states import AssignmentState, LearnerState


@dataclass(frozen=True, slots=True)
class Shown:
    """A state as a chip shows it, and the parameter of the list that selects it."""

    word: str
    tone: str
    """`good`, `busy`, `wait`, `bad` or `off`: a shape and a colour."""
    parameter: str
    value: str


_S, _L = AssignmentState, LearnerState
NOTIFYING: Final = Shown("Notifying", "busy", "learner_state", _L.NOTIFYING.value)
WAITING: Final = Shown("Waiting", "wait", "learner_state", _L.WAITING.value)
ENROLLED: Final = Shown("Enrolled", "good", "state", _S.ACCEPTED.value)
FAILED: Final = Shown("Failed", "bad", "learner_state", _L.FAILED.value)
EXPIRED: Final = Shown("Expired", "off", "state", _S.EXPIRED.value)
CANCELLED: Final = Shown("Cancelled", "off", "state", _S.CANCELLED.value)
REVERSED: Final = Shown("Reversed", "off", "state", _S.REVERSED.value)
EVERY: Final = (NOTIFYING, WAITING, ENROLLED, FAILED, EXPIRED, CANCELLED, REVERSED)

_BY_STATE: Final = {
    _S.ACCEPTED: ENROLLED,
    _S.EXPIRED: EXPIRED,
    _S.CANCELLED: CANCELLED,
    _S.REVERSED: REVERSED,
    _S.ERRORED: FAILED,
}
_BY_LEARNER_STATE: Final = {
    _L.NOTIFYING: NOTIFYING,
    _L.WAITING: WAITING,
    _L.FAILED: FAILED,
    _L.EXPIRED: EXPIRED,
}

_CURES: Final = {
    "email_error": (
        "The mail could not be delivered.",
        "Check the address, then remind: the mail is sent again.",
    ),
    "enrollment_error": (
        "The LMS did not enroll the learner.",
        "Allocate the course again. If it fails once more, the course run may be full or closed.",
    ),
    "internal_api_error": (
        "The LMS did not answer for a whole day.",
        "Allocate the course again once the LMS is well.",
    ),
}
EXPIRIES: Final = {
    "NINETY_DAYS_PASSED": "90 days after it was assigned",
    "ENROLLMENT_DATE_PASSED": "when enrollment in the course ends",
    "SUBSIDY_EXPIRED": "when the learner credit ends",
}


def shown(state: AssignmentState, learner_state: LearnerState | None) -> Shown:
    if state is AssignmentState.ALLOCATED and learner_state is not None:
        return _BY_LEARNER_STATE[learner_state]
    return _BY_STATE.get(state, WAITING)


def shown_item(item: AssignmentListItem) -> Shown:
    return shown(item.state, item.learner_state)


def cause_and_cure(item: AssignmentListItem) -> tuple[str, str] | None:
    """Of a failure; None when nothing failed."""
    if item.error_reason is None:
        return None
    unknown = ("It failed for an unknown reason.", "Look at the log of the worker.")
    return _CURES.get(item.error_reason, unknown)
