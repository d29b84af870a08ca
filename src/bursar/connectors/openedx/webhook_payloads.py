"""What the plugin openedx-webhooks sends, as facts.

Sources: https://github.com/aulasneo/openedx-webhooks (receivers.py and utils.py, 21.0.1): a JSON
object with the data under the name of their class, and `event_metadata`; instants are written as
`str()` writes them. The classes are those of https://github.com/openedx/openedx-events
(openedx_events/learning/data.py and openedx_events/data.py, 10.5.0), and the types of events those
of its openedx_events/learning/signals.py.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from bursar import emails
from bursar.enrollment.progress.hook_news import ToldAccount, ToldNews
from bursar.enrollment.progress.lms_facts import EnrollmentFact, GradeFact, LmsFact, ResultFact
from bursar.enrollment.progress.reported_rows import LONGEST_KEY, checked_run_key

T = TypeVar("T")

AHEAD: Final = timedelta(minutes=10)
"""By how much the clock of the LMS may be wrong. A fact of the future would outlive all others."""
SHAPE: Final = (
    "Send the JSON of the plugin openedx-webhooks: an object with `event_metadata` (`event_type`, "
    "`time`) and one object with the data of the event. Leave `Use WWW form encoding` off."
)
_METADATA: Final = "event_metadata"
_LEARNING: Final = "org.openedx.learning."

_Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f]*$")]
_Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Percent = Annotated[float, Meta(ge=0, le=100)]


class BadPayload(ValueError):
    """It is nothing that an LMS sends. The text says what to do, and repeats nothing of it."""


class _Metadata(msgspec.Struct):
    event_type: str
    time: str


class _Pii(msgspec.Struct):
    username: _Name
    email: str = ""


class _User(msgspec.Struct):
    id: _Id
    pii: _Pii


class _Course(msgspec.Struct):
    course_key: Annotated[str, Meta(max_length=LONGEST_KEY)]


class _Enrollment(msgspec.Struct):
    user: _User
    course: _Course
    mode: _Name
    is_active: bool
    creation_date: str | None = None


class _Grade(msgspec.Struct):
    user_id: _Id
    course: _Course
    percent_grade: _Percent
    letter_grade: Annotated[str, Meta(max_length=255)] | None = None
    passed_timestamp: str | None = None


class _Passing(msgspec.Struct):
    user: _User
    course: _Course
    is_passing: bool


class _Certificate(msgspec.Struct):
    user: _User
    course: _Course
    current_status: str


def news_of(body: bytes, now: datetime) -> ToldNews | None:
    """What the body tells; None for an event that says nothing of progress. Raises BadPayload."""
    data, metadata = _parts(body)
    read = _READERS.get(metadata.event_type.removeprefix(_LEARNING))
    at = _instant(metadata.time)
    if at is None:
        raise BadPayload(f"`event_metadata.time` is no instant. {SHAPE}")
    if at > now + AHEAD:
        raise BadPayload("`event_metadata.time` is in the future: set the clock of the LMS.")
    if read is None:
        return None
    try:
        return read(data, at)
    except (msgspec.ValidationError, ValueError) as error:
        # Only where the error is: what stands there may be about a person.
        place = str(error).partition(" - at ")[2].strip("`").removeprefix("$.")
        where = f" in `{place}`" if place.replace(".", "").replace("_", "").isalnum() else ""
        raise BadPayload(f"The data of this event are not as expected{where}. {SHAPE}") from None


def _parts(body: bytes) -> tuple[Mapping[str, Any], _Metadata]:
    try:
        whole = msgspec.json.decode(body, type=dict[str, Any])
        metadata = msgspec.convert(whole.pop(_METADATA), _Metadata)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, KeyError):
        raise BadPayload(f"This is not an event of an LMS. {SHAPE}") from None
    data = [value for value in whole.values() if isinstance(value, dict)]
    if len(data) != 1:
        raise BadPayload(f"There must be one object with data. {SHAPE}")
    return data[0], metadata


def _instant(text: str | None) -> datetime | None:
    """Without a zone it is UTC, as releases of before wrote it."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _email(text: str) -> str | None:
    try:
        return emails.normalised(emails.checked(text))
    except ValueError:
        return None


def _who(user: _User) -> dict[str, Any]:
    email = _email(user.pii.email)
    return {"lms_user_id": user.id, "email": email, "username": user.pii.username}


def _account(user: _User) -> ToldAccount | None:
    email = _email(user.pii.email)
    return None if email is None else ToldAccount(email, user.id, user.pii.username)


def _converted(data: Mapping[str, Any], kind: type[T]) -> T:
    return msgspec.convert(data, kind)


def _enrollment(data: Mapping[str, Any], at: datetime, *, has_ended: bool = False) -> ToldNews:
    said = _converted(data, _Enrollment)
    begun = _instant(said.creation_date)
    fact = LmsFact(
        checked_run_key(said.course.course_key),
        at,
        **_who(said.user),
        enrollment=EnrollmentFact(
            said.is_active and not has_ended, said.mode, None if begun is None else begun.date()
        ),
    )
    return ToldNews(fact, _account(said.user))


def _ended(data: Mapping[str, Any], at: datetime) -> ToldNews:
    return _enrollment(data, at, has_ended=True)


def _grade(data: Mapping[str, Any], at: datetime) -> ToldNews:
    """It names the account only. That the course was passed is known since then, and may have been
    taken back meanwhile."""
    said = _converted(data, _Grade)
    passed = _instant(said.passed_timestamp)
    fact = LmsFact(
        checked_run_key(said.course.course_key),
        at,
        lms_user_id=said.user_id,
        grade=GradeFact(said.percent_grade, _letter(said.letter_grade)),
        result=None if passed is None or passed > at else ResultFact(is_passing=True, at=passed),
    )
    return ToldNews(fact)


def _letter(text: str | None) -> str | None:
    return text if text and text.isprintable() else None


def _passing(data: Mapping[str, Any], at: datetime) -> ToldNews:
    said = _converted(data, _Passing)
    fact = LmsFact(
        checked_run_key(said.course.course_key),
        at,
        **_who(said.user),
        result=ResultFact(said.is_passing, at),
    )
    return ToldNews(fact, _account(said.user))


_PASSED: Final = {"downloadable", "audit_passing", "honor_passing"}
_NOT_PASSED: Final = {"notpassing", "audit_notpassing"}


def _certificate(data: Mapping[str, Any], at: datetime) -> ToldNews | None:
    """Other states, such as `generating`, say nothing of the result."""
    said = _converted(data, _Certificate)
    if said.current_status not in _PASSED | _NOT_PASSED:
        return None
    is_passing = said.current_status in _PASSED
    fact = LmsFact(
        checked_run_key(said.course.course_key),
        at,
        **_who(said.user),
        result=ResultFact(is_passing, at),
    )
    return ToldNews(fact, _account(said.user))


def _registered(data: Mapping[str, Any], _at: datetime) -> ToldNews | None:
    account = _account(_converted(data, _User))
    return None if account is None else ToldNews(None, account)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], datetime], ToldNews | None]]] = {
    "course.enrollment.created.v1": _enrollment,
    "course.enrollment.changed.v1": _enrollment,
    "course.unenrollment.completed.v1": _ended,
    "course.persistent_grade_summary.changed.v1": _grade,
    "course.passing.status.updated.v1": _passing,
    "certificate.created.v1": _certificate,
    "certificate.changed.v1": _certificate,
    "student.registration.completed.v1": _registered,
    "auth.session.login.completed.v1": _registered,
}
"""By the type of the event, without its beginning."""
EVENT_TYPES: Final = tuple(f"{_LEARNING}{name}" for name in _READERS)
