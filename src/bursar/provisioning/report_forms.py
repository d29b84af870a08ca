"""The form of scheduled reports in a manifest. One is declared whole: what, when and to whom."""

import re
from collections.abc import Callable
from datetime import time
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bursar.provisioning.fields import Email, JsonObject, Text
from bursar.scheduled_reports import keys
from bursar.scheduled_reports.commands import ReportFormat, ReportKind
from bursar.scheduled_reports.rules import Timetable
from bursar.scheduled_reports.timetables import weekday_named, zone_named

MOST_RECIPIENTS: Final = 50
_TIME: Final = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$")
_MINUTES_OF_A_DAY: Final = 24 * 60


def _refusing(check: Callable[[str], object]) -> AfterValidator:
    """Keeps the text if `check` raises no ValueError, and else says what that says."""

    def kept(text: str) -> str:
        try:
            check(text)
        except ValueError as error:
            raise PydanticCustomError("unusable", "{why}", {"why": str(error)}) from None
        return text

    return AfterValidator(kept)


def _time_of_day(value: object) -> time:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        # YAML reads 10:30 without quotes as a number of base 60, and 10:30:00 too.
        seconds = value * 60 if value < _MINUTES_OF_A_DAY else value
        value = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    found = _TIME.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("time", 'must be a time of the day such as "06:30"')
    hour, minute, second = (int(part or 0) for part in found.groups())
    return time(hour, minute, second)


def _zone(value: object) -> ZoneInfo:
    try:
        return zone_named(value if isinstance(value, str) else "")
    except ValueError as error:
        raise PydanticCustomError("zone", "{why}", {"why": str(error)}) from None


def _weekday(value: object) -> int:
    try:
        return weekday_named(value)
    except ValueError as error:
        raise PydanticCustomError("weekday", "{why}", {"why": str(error)}) from None


def _file_name_of(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}", name):
        why = "must begin with a letter or a digit, and hold up to 100 of these, spaces and . _ -"
        raise PydanticCustomError("name", why)
    return name


def _host(text: str) -> str:
    if not text or not text.isprintable() or set(text) & set(" /@"):
        raise PydanticCustomError("host", "must be the name or the address of a server alone")
    return text


ReportName = Annotated[Text, AfterValidator(_file_name_of)]
TimeOfDay = Annotated[time, PlainValidator(_time_of_day)]
Zone = Annotated[ZoneInfo, PlainValidator(_zone)]
Weekday = Annotated[int, PlainValidator(_weekday)]
MonthDay = Annotated[int, Strict(), Field(ge=1, le=31)]
HostKey = Annotated[Text, _refusing(keys.host_keys)]
PrivateKey = Annotated[Text, _refusing(keys.private_key)]
PgpKey = Annotated[Text, _refusing(keys.pgp_key)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimetableForm(_Part):
    """Every day, unless weekdays or days of the month are named."""

    days: Literal["every"] | None = None
    weekdays: Annotated[list[Weekday], Field(min_length=1)] | None = None
    month_days: Annotated[list[MonthDay], Field(min_length=1)] | None = None
    time: TimeOfDay
    timezone: Zone = ZoneInfo("UTC")

    @model_validator(mode="after")
    def _names_days_in_one_way(self) -> Self:
        given = [self.days, self.weekdays, self.month_days]
        if sum(value is not None for value in given) > 1:
            raise PydanticCustomError("days", "takes one of days, weekdays and month_days")
        return self

    def timetable(self) -> Timetable:
        return Timetable(
            self.time,
            self.timezone,
            frozenset(self.weekdays or ()),
            frozenset(self.month_days or ()),
        )


class SftpForm(_Part):
    host: Annotated[Text, AfterValidator(_host)]
    port: Annotated[int, Strict(), Field(ge=1, le=65_535)] = 22
    user: Annotated[Text, Field(min_length=1)]
    key: PrivateKey | None = Field(default=None, repr=False)
    password: Annotated[Text, Field(min_length=1)] | None = Field(default=None, repr=False)
    path: Annotated[Text, Field(min_length=1)] = "."
    host_key: HostKey

    @model_validator(mode="after")
    def _has_one_secret(self) -> Self:
        if self.key is not None and self.password is not None:
            raise PydanticCustomError("secret", "takes key or password, not both")
        return self


class DestinationForm(_Part):
    email: Annotated[list[Email], Field(min_length=1, max_length=MOST_RECIPIENTS)] | None = None
    sftp: SftpForm | None = None

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if (self.email is None) == (self.sftp is None):
            raise PydanticCustomError("destination", "needs exactly one of email and sftp")
        return self


class ReportForm(_Part):
    name: ReportName
    what: ReportKind
    format: ReportFormat = ReportFormat.CSV
    at: TimetableForm
    filters: JsonObject | None = None
    to: DestinationForm
    pgp_public_key: PgpKey | None = None

    def filter_texts(self) -> dict[str, list[str]]:
        """The filters as a query string has them: texts, several where a list is given.

        Null counts as absent.
        """
        return {name: _texts(value) for name, value in (self.filters or {}).items()}


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    if isinstance(value, bool):
        return [str(value).lower()]
    return [] if value is None else [str(value)]
