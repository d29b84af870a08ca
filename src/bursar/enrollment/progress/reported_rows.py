"""One reported enrollment, from JSON or from the cells of a CSV file: checked, nothing looked up.

What a row names is stored, what it leaves out stays as it is. An empty cell leaves out; a null of
JSON says that there is no value.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Final, TypeAlias

from bursar import clock, emails
from bursar.enrollment.progress.old_names import own_name
from bursar.invisible import refuse_invisible
from bursar.remembering import remembered
from bursar.spreadsheet import GUARD, text_of

LONGEST_KEY: Final = 255
LONGEST_TEXT: Final = 5000
LARGEST_INTEGER: Final = 2**63 - 1
EMAIL_NAMES: Final = ("learner_email", "user_email")
"""The first one that is not empty counts; in JSON, another must be an address all the same."""
RUN_NAME: Final = "courserun_key"
USUAL_MODE: Final = "verified"

Value: TypeAlias = str | int | float | bool | date | datetime | None
"""What a report says of one field."""

_REQUIRED: Final = "This field is required."
_BLANK: Final = "This field may not be blank."
_INTEGER: Final = re.compile(r"([0-9]{1,19})(?:\.0+)?")
_NUMBER: Final = re.compile(r"\+?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,3})?|\+?[0-9]+\.")
_BOOLEANS: Final = {
    "true": True, "t": True, "yes": True, "y": True, "1": True,
    "false": False, "f": False, "no": False, "n": False, "0": False,
}  # fmt: skip


class BadRow(ValueError):
    """`errors` has the messages by field."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        lines = (f"{name}: {' '.join(messages)}" for name, messages in errors.items())
        super().__init__("; ".join(lines))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class ReportedRow:
    email: str
    """Trimmed and in lower case."""
    courserun_key: str
    values: dict[str, Value]
    """By column of enrollment.models.Enrollment, only what the row names."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("Not a valid string.")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"Ensure this field has no more than {LONGEST_TEXT} characters.")
    if "\0" in value:
        raise ValueError("Null characters are not allowed.")
    return value


def _mode(value: object) -> str:
    return _text(value).strip() or USUAL_MODE


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Must be a valid boolean.")
    return value


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("A valid integer is required.")
    return _in_range(value)


def _in_range(value: int) -> int:
    if value < 0:
        raise ValueError("Ensure this value is greater than or equal to 0.")
    if value > LARGEST_INTEGER:
        raise ValueError(f"Ensure this value is less than or equal to {LARGEST_INTEGER}.")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("A valid number is required.")
    return _real(value)


def _real(value: float | str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("A valid number is required.")
    if number < 0:
        raise ValueError("Ensure this value is greater than or equal to 0.")
    return number + 0.0  # no negative zero


def _day(value: object) -> date:
    if not isinstance(value, str):
        raise ValueError("Must be a date, YYYY-MM-DD.")
    return _day_of(value)


@remembered(8192)
def _day_of(text: str) -> date:
    """A day, or the UTC day of an instant."""
    try:
        return clock.parse_instant(text).date()
    except (ValueError, OverflowError):
        raise ValueError("Must be a date, YYYY-MM-DD.") from None


def _first_instant(value: object) -> datetime:
    return _midnight(_day(value))


@lru_cache(maxsize=8192)
def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@remembered(8192)
def _boolean_of(text: str) -> bool:
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError("Must be a valid boolean.") from None


@remembered(8192)
def _integer_of(text: str) -> int:
    match = _INTEGER.fullmatch(text.strip())
    if match is None:
        raise ValueError("A valid integer is required.")
    return _in_range(int(match[1]))


@remembered(8192)
def _number_of(text: str) -> float:
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError("A valid number is required.")
    return _real(text)


@remembered(65_536)
def _email(text: str) -> str:
    return emails.normalised(emails.checked(text))


@remembered(8192)
def _run_key(text: str) -> str:
    key = text.strip()
    if not key:
        raise ValueError(_BLANK)
    if len(key) > LONGEST_KEY:
        raise ValueError(f"Ensure this field has no more than {LONGEST_KEY} characters.")
    refuse_invisible(key)
    if not key.isprintable():
        raise ValueError("Must consist of printable characters.")
    return key


def checked_run_key(text: str) -> str:
    """Raises ValueError for what cannot be the key of a course run."""
    return _run_key(text)


@dataclass(frozen=True, slots=True)
class Kind:
    """How a field is read, both ways, and what it is in a JSON schema."""

    from_json: Callable[[object], Value]
    from_text: Callable[[str], Value]
    schema: Mapping[str, object]


TEXT: Final = Kind(_text, _text, {"type": "string", "maxLength": LONGEST_TEXT})
_MODE: Final = Kind(_mode, _mode, TEXT.schema)
_BOOLEAN: Final = Kind(_boolean, _boolean_of, {"type": "boolean"})
_INTEGER_KIND: Final = Kind(_integer, _integer_of, {"type": "integer", "minimum": 0})
_NUMBER_KIND: Final = Kind(_number, _number_of, {"type": "number", "minimum": 0})
_DATE_SCHEMA: Final = {"type": "string", "format": "date"}
_DATE: Final = Kind(_day, _day_of, _DATE_SCHEMA)
_FIRST_INSTANT: Final = Kind(_first_instant, _first_instant, _DATE_SCHEMA)

FIELDS: Final[Mapping[str, Kind]] = {
    "is_consent_granted": _BOOLEAN,
    "amount_learner_paid": _NUMBER_KIND,
    "contract_id": TEXT,
    "coupon_code": TEXT,
    "coupon_name": TEXT,
    "course_duration": _INTEGER_KIND,
    "course_end": _DATE,
    "course_key": TEXT,
    "course_list_price": _NUMBER_KIND,
    "course_max_effort": _INTEGER_KIND,
    "course_min_effort": _INTEGER_KIND,
    "course_pacing_type": TEXT,
    "course_primary_program": TEXT,
    "course_primary_subject": TEXT,
    "course_start": _DATE,
    "course_title": TEXT,
    "current_grade": _NUMBER_KIND,
    "enrollment_date": _FIRST_INSTANT,
    "has_passed": _BOOLEAN,
    "is_refunded": _BOOLEAN,
    "last_activity_date": _DATE,
    "letter_grade": TEXT,
    "offer_name": TEXT,
    "offer_type": TEXT,
    "paid_by": TEXT,
    "passed_date": _DATE,
    "seat_delivery_method": TEXT,
    "unenrollment_date": _FIRST_INSTANT,
    "user_current_enrollment_mode": _MODE,
}
"""What a report can say of an enrollment, under the reference's names."""
COLUMNS: Final[Mapping[str, str]] = {name: name for name in FIELDS} | {
    "enrollment_date": "enrolled_at",
    "unenrollment_date": "unenrolled_at",
    "user_current_enrollment_mode": "mode",
}
"""Where each is stored."""
DERIVED: Final = frozenset(
    {
        "course_api_url",
        "created",
        "enrollment_id",
        "enterprise_customer_uuid",
        "enterprise_enrollment_id",
        "enterprise_name",
        "enterprise_sso_uid",
        "enterprise_user_id",
        "progress_status",
        "unenrollment_end_within_date",
        "user_account_creation_date",
        "user_country",
        "user_username",
    }
)
"""What the learner summary makes of other things: a report's word for it is left aside."""
KNOWN: Final = FIELDS.keys() | {*EMAIL_NAMES, RUN_NAME}


def parse_object(item: object) -> ReportedRow:
    """Of JSON; unknown names are left aside. Raises BadRow."""
    if not isinstance(item, dict):
        message = f"Invalid data. Expected a dictionary, but got {type(item).__name__}."
        raise BadRow({"non_field_errors": [message]})
    values: dict[str, Value] = {}
    errors: dict[str, list[str]] = {}
    given = [name for name in EMAIL_NAMES if item.get(name) not in (None, "")]
    email = _taken(item, given[0] if given else EMAIL_NAMES[0], _email, errors)
    for name in given[1:]:
        _taken(item, name, _email, errors)
    run_key = _taken(item, RUN_NAME, _run_key, errors)
    for name, kind in FIELDS.items():
        if name in item:
            value = item[name]
            try:
                values[COLUMNS[name]] = None if value is None else kind.from_json(value)
            except ValueError as error:
                errors[name] = [str(error)]
    return _row(email, run_key, values, errors)


def _taken(
    item: Mapping[str, object], name: str, read: Callable[[str], str], errors: dict[str, list[str]]
) -> str:
    """A field that must be there; an empty text with its error noted."""
    try:
        value = item[name]
        if value is None:
            raise ValueError("This field may not be null.")
        return read(_text(value))
    except KeyError:
        errors[name] = [_REQUIRED]
    except ValueError as error:
        errors[name] = [str(error)]
    return ""


def _row(
    email: str, run_key: str, values: dict[str, Value], errors: Mapping[str, list[str]]
) -> ReportedRow:
    if errors:
        raise BadRow(errors)
    if values.get("mode", ...) is None:
        values["mode"] = USUAL_MODE
    return ReportedRow(email, run_key, values)


Column: TypeAlias = tuple[int, str, str, Callable[[str], Value]]
"""Place, name, column and reader."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the columns of a CSV file are, in whatever order."""

    width: int
    emails: tuple[int, ...]
    run_key: int
    columns: tuple[Column, ...]
    left_aside: tuple[str, ...]

    def parse(self, cells: Sequence[str]) -> ReportedRow:
        """Raises BadRow."""
        if len(cells) != self.width and (len(cells) < self.width or any(cells[self.width :])):
            message = f"has {len(cells)} cells, and the header {self.width}"
            raise BadRow({"line": [message]})
        # Only a few cells are guarded, and this is done for every line.
        if any(cell.startswith(GUARD) for cell in cells):
            cells = [text_of(cell) for cell in cells]
        try:
            email = next((cells[place] for place in self.emails if cells[place]), "")
            values = {
                column: read(cells[place])
                for place, _, column, read in self.columns
                if cells[place]
            }
            return ReportedRow(_email(email), _run_key(cells[self.run_key]), values)
        except ValueError:
            raise BadRow(self._errors(cells)) from None

    def _errors(self, cells: Sequence[str]) -> dict[str, list[str]]:
        email = next((cells[place] for place in self.emails if cells[place]), "")
        required = [
            (EMAIL_NAMES[0], email, _email),
            (RUN_NAME, cells[self.run_key], _run_key),
        ]
        errors = {
            name: [_REQUIRED if not text else message]
            for name, text, read in required
            if (message := _refusal(read, text)) is not None
        }
        for place, name, _, read in self.columns:
            if cells[place] and (message := _refusal(read, cells[place])) is not None:
                errors[name] = [message]
        return errors


def _refusal(read: Callable[[str], object], text: str) -> str | None:
    try:
        read(text)
    except ValueError as error:
        return str(error)
    return None


def read_header(cells: Sequence[str]) -> Header:
    """Raises ValueError when it names a column twice, or lacks one that must be there."""
    names = [own_name(cell.strip()) for cell in cells]
    known = [name for name in names if name in KNOWN]
    if len(set(known)) < len(known):
        twice = sorted({name for name in known if known.count(name) > 1})
        raise ValueError(f"the header names {', '.join(twice)} twice")
    places = tuple(names.index(name) for name in EMAIL_NAMES if name in names)
    if not places or RUN_NAME not in names:
        wanted = f"{' or '.join(EMAIL_NAMES)}, and {RUN_NAME}"
        raise ValueError(f"the first line must name the columns, among them {wanted}")
    return Header(
        len(names),
        places,
        names.index(RUN_NAME),
        tuple(
            (place, name, COLUMNS[name], FIELDS[name].from_text)
            for place, name in enumerate(names)
            if name in FIELDS
        ),
        tuple(name for name in names if name and name not in KNOWN),
    )
