"""What the answers of an Open edX LMS mean. Nothing here uses the network."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Generic, TypeVar

import msgspec

from bursar.enrollment.gateway import WILL_BE_ENROLLED, LmsOutcome, LmsUnavailable

T = TypeVar("T")

NO_ACCOUNT: Final = "the learner has no LMS account"
WITHOUT_ACCOUNT: Final = LmsOutcome(NO_ACCOUNT, needs_account=True)
WILL_HAVE_SEAT: Final = LmsOutcome(WILL_BE_ENROLLED, needs_account=True)
LEFT_INACTIVE: Final = "the LMS left the enrollment inactive"
LEFT_ACTIVE: Final = "the LMS left the enrollment active"

_REASONS: Final = {
    400: "the LMS refuses the course run or the mode",
    403: "the LMS does not allow it",
    404: "the LMS knows no such learner, or its client may not enroll others",
}
_PASSING: Final = {408, 425, 429}
"""With these an LMS says that it has not begun, and that another attempt may succeed."""
_LONGEST_MESSAGE: Final = 200
_LONGEST_RETRY_AFTER: Final = 86_400.0
_ADDRESS: Final = re.compile(r"\S*(?:@|%40|\uff20)\S*", re.IGNORECASE)
_IN_A_HEADER: Final = re.compile(r"[!-~]+")


class TokenAnswer(msgspec.Struct):
    access_token: str
    expires_in: float = 300.0
    """Seconds until the token expires."""

    def __post_init__(self) -> None:
        if not _IN_A_HEADER.fullmatch(self.access_token):
            raise ValueError("no token")


class AccountAnswer(msgspec.Struct):
    email: str
    username: str


class EnrollmentAnswer(msgspec.Struct):
    is_active: bool
    mode: str = ""


class AllowedState(msgspec.Struct):
    """Of an address in a run, after a bulk enrollment."""

    enrollment: bool = False
    allowed: bool = False
    """Whether who registers with the address may enroll."""
    auto_enroll: bool = False
    """Whether they are enrolled then by the LMS itself."""


class BulkResult(msgspec.Struct):
    identifier: str
    after: AllowedState | None = None
    """None for an address that the LMS takes for none, or stumbled over."""


class BulkResults(msgspec.Struct):
    results: list[BulkResult]


class BulkAnswer(msgspec.Struct):
    """What `BulkEnrollView` of lms/djangoapps/bulk_enroll/views.py answers: for each course run
    what `students_update_enrollment` of lms/djangoapps/instructor/views/api.py does."""

    courses: dict[str, BulkResults]


class ClientRefused(LmsUnavailable):
    """The LMS accepts nothing from Bursar's client, whatever it is asked."""

    def __init__(self, reason: str, *, may_be_done: bool = False) -> None:
        super().__init__(reason, may_be_done=may_be_done)


class PassingTrouble(Exception):
    """An attempt failed for a reason that may be temporary, so another attempt may succeed."""

    def __init__(
        self,
        reason: str,
        retry_after: float | None = None,
        *,
        is_throttle: bool = False,
        may_be_done: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.is_throttle = is_throttle
        self.may_be_done = may_be_done
        """Whether the LMS may have done what it was asked for."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """An answer that ends the attempts: a success with its content, or a refusal with the LMS's
    reason."""

    status: int
    content: T | None = None
    message: str = ""

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refusal(self) -> str:
        reason = _REASONS.get(self.status, f"the LMS refuses it with status {self.status}")
        return f"{reason}: {self.message}" if self.message else reason


def answer_of(status: int, body: bytes, retry_after: float | None, kind: type[T]) -> Answer[T]:
    """The meaning of an answer. An empty body is read as null. Raises PassingTrouble."""
    if status >= 500 or status in _PASSING:
        reason = f"the LMS answered with status {status}"
        throttled = status == 429 and retry_after is not None
        may_be_done = status not in _PASSING
        raise PassingTrouble(reason, retry_after, is_throttle=throttled, may_be_done=may_be_done)
    if not 200 <= status < 300:
        return Answer(status, message=message_in(body))
    try:
        return Answer(status, msgspec.json.decode(body or b"null", type=kind))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PassingTrouble("the LMS gave an answer that cannot be read") from error


def outcome_of_enrolling(answer: Answer[EnrollmentAnswer]) -> LmsOutcome:
    if answer.status == 409:
        return LmsOutcome()
    if answer.status == 406:
        return WITHOUT_ACCOUNT
    if answer.content is None:
        return LmsOutcome(answer.refusal)
    return LmsOutcome(None if answer.content.is_active else LEFT_INACTIVE)


def outcomes_of_addresses(
    answer: BulkAnswer, courserun_key: str, addresses: Iterable[str]
) -> dict[str, LmsOutcome]:
    """By address. Whose account was made just now is enrolled already, in the free mode."""
    results = answer.courses.get(courserun_key, BulkResults([])).results
    after = {each.identifier.strip().lower(): each.after for each in results}
    states = {address: after.get(address) for address in addresses}
    return {
        address: WILL_HAVE_SEAT
        if state is not None and (state.enrollment or (state.allowed and state.auto_enroll))
        else WITHOUT_ACCOUNT
        for address, state in states.items()
    }


def outcome_of_ending(answer: Answer[EnrollmentAnswer]) -> LmsOutcome:
    if answer.status == 406:
        return LmsOutcome()
    if answer.content is None:
        return LmsOutcome(answer.refusal)
    return LmsOutcome(LEFT_ACTIVE if answer.content.is_active else None)


def message_in(body: bytes) -> str:
    """The reason that the LMS gives, on one short line without e-mail addresses; empty if it gives
    none."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    named = found if isinstance(found, dict) else {}
    texts = (named.get(key) for key in ("message", "detail", "developer_message"))
    return shortened(next((text for text in texts if isinstance(text, str)), ""))


def shortened(text: str) -> str:
    line = " ".join(text.split())
    printable = "".join(letter for letter in line if letter.isprintable())
    return _ADDRESS.sub("[address]", printable)[:_LONGEST_MESSAGE].rstrip()


def retry_after_of(header: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or a date; None without a valid
    one."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_RETRY_AFTER)
    instant = instant_of(text)
    if instant is None:
        return None
    return min(max((instant - now).total_seconds(), 0.0), _LONGEST_RETRY_AFTER)


def instant_of(date: str) -> datetime | None:
    """The instant that the date in a header names, or None for one that names none."""
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def seconds_to_keep(token: TokenAnswer) -> float:
    """How many seconds a new token is used: until a minute, or a tenth of its lifetime, before it
    expires."""
    life = token.expires_in if math.isfinite(token.expires_in) else 0.0
    return max(life - min(60.0, life / 10), 0.0)
