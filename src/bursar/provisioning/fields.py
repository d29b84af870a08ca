"""The values that occur in manifests, each strict about its form."""

import math
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, Strict
from pydantic_core import PydanticCustomError

from bursar import clock, emails
from bursar.catalog.filters.refusals import FilterError
from bursar.catalog.filters.service import parse_filter
from bursar.enrollment.progress.reported_rows import KNOWN, BadRow, ReportedRow, parse_object
from bursar.invisible import refuse_invisible
from bursar.provisioning.problems import NESTED, path_of

LARGEST_INTEGER: Final = 2**63 - 1
MOST_CENTS: Final = LARGEST_INTEGER
MOST_LICENSES: Final = 10_000_000


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("text", "must not contain a NUL character")
    return text


def _printable(text: str) -> str:
    _visible(text)
    if not text.isprintable():
        raise PydanticCustomError("text", "must consist of printable characters")
    return text


def _uuid_from_text(value: object) -> object:
    if not isinstance(value, str | UUID):
        raise PydanticCustomError("uuid_type", "must be a UUID")
    return value


def _instant(value: object) -> datetime:
    try:
        return _aware(value)
    except (ValueError, OverflowError):
        raise PydanticCustomError("instant", "must be a date or a date and time") from None


def _aware(value: object) -> datetime:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str):
        return clock.parse_instant(value)
    raise ValueError


def _visible(text: str) -> str:
    try:
        refuse_invisible(text)
    except ValueError as error:
        raise PydanticCustomError("invisible", "{why}", {"why": str(error)}) from None
    return text


def _email(text: str) -> str:
    address = _visible(text.strip())
    try:
        return emails.checked(address)
    except ValueError:
        raise PydanticCustomError("email", "must be an e-mail address") from None


def _empty_for_null(value: object) -> object:
    # A key with nothing below it, such as a list whose items are all commented out.
    return [] if value is None else value


def unstorable(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str]]:
    """What of a value could not be kept as JSON, with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                yield path_of(path), f"keys must be text, not {key!r}"
            elif not _is_utf8(key):
                yield path_of(path), f"keys must be valid Unicode text without NUL, not {key!r}"
            else:
                yield from unstorable(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unstorable(item, (*path, index))
    elif reason := _reason_against(value):
        yield path_of(path), reason


def _reason_against(value: object) -> str | None:
    if isinstance(value, str):
        return None if _is_utf8(value) else "must be valid Unicode text without NUL"
    if isinstance(value, float):
        return None if math.isfinite(value) else "must be a finite number"
    return None if value is None or isinstance(value, bool | int) else "not a JSON value"


def _is_utf8(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _json_object(value: object) -> object:
    return _refuse_nested(value, list(unstorable(value)))


def _content_filter(value: dict[str, Any]) -> dict[str, Any]:
    try:
        parse_filter(value)
    except FilterError as error:
        _refuse_nested(value, list(error.errors))
    return value


def _reported_enrollment(value: object) -> ReportedRow:
    if not isinstance(value, dict):
        raise PydanticCustomError("dict_type", "must be a mapping of keys to values")
    found = list(unstorable(value))
    found += [(key, "unknown key") for key in value if isinstance(key, str) and key not in KNOWN]
    _refuse_nested(value, found + _reported_problems(value, {path for path, _ in found}))
    return parse_object(value)


def _reported_problems(value: dict[str, Any], named: Collection[str]) -> list[tuple[str, str]]:
    """Those of fields that are not named already."""
    try:
        parse_object(value)
    except BadRow as error:
        return [(name, " ".join(why)) for name, why in error.errors.items() if name not in named]
    return []


def _refuse_nested(value: object, found: list[tuple[str, str]]) -> object:
    if found:
        raise PydanticCustomError(NESTED, "not valid", {"problems": found})
    return value


Text = Annotated[str, Strict(), AfterValidator(_without_nul)]
Name = Annotated[Text, Field(min_length=1, max_length=255)]
ClientId = Annotated[Name, AfterValidator(_printable)]
Title = Annotated[Text, Field(max_length=255)]
Slug = Annotated[Text, Field(max_length=255, pattern=r"^[A-Za-z0-9_-]+$")]
Country = Annotated[Text, Field(pattern=r"^[A-Za-z]{2}$")]
Email = Annotated[Text, AfterValidator(_email)]
LearnerEmail = Annotated[Email, AfterValidator(emails.normalised)]
"""Trimmed and in lower case, as every domain compares learners."""
Identifier = Annotated[UUID, BeforeValidator(_uuid_from_text)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
"""Aware, in UTC; without an offset it is UTC, and a date is its first instant."""


def _not_zero(value: int) -> int:
    if value == 0:
        raise PydanticCustomError("zero", "must not be 0")
    return value


Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0, le=LARGEST_INTEGER)]
Cents = Annotated[int, Strict(), Field(ge=0, le=MOST_CENTS)]
SignedCents = Annotated[
    int, Strict(), Field(ge=-MOST_CENTS, le=MOST_CENTS), AfterValidator(_not_zero)
]
JsonObject = Annotated[dict[str, Any], BeforeValidator(_json_object)]
ContentFilter = Annotated[JsonObject, AfterValidator(_content_filter)]
ReportedEnrollment = Annotated[ReportedRow, PlainValidator(_reported_enrollment)]
NullIsEmpty = BeforeValidator(_empty_for_null)
