"""Which format an answer is written in: a pure decision over the request's headers and `format`.

An absent `Accept`, or wildcards alone, mean the default, which is XML as documented unless the
installation, the client or the path has another one; a request that is itself declared JSON is
answered in JSON. JSON and XML answer wildcards; other formats have to be asked for by name.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Final

from bursar.remembering import LONGEST_REMEMBERED


class Format(StrEnum):
    JSON = "json"
    XML = "xml"
    CSV = "csv"
    NDJSON = "ndjson"
    EVENT_STREAM = "event-stream"


@dataclass(frozen=True, slots=True)
class Negotiated:
    """`media_type` is the Content-Type to send, with its charset where one is due."""

    format: Format
    media_type: str


class NotAcceptable(Exception):
    """The Accept header excludes every format that is offered."""


class UnknownFormat(Exception):
    """The `format` parameter names no format that is offered."""

    def __init__(self, value: str) -> None:
        super().__init__(f"Unknown format: {value!r}")
        self.value = value


@dataclass(frozen=True, slots=True)
class _Range:
    """One entry of an Accept header, its names in lower case."""

    type: str
    subtype: str
    quality: float
    position: int


@dataclass(frozen=True, slots=True)
class _Representation:
    """A media type that can be sent; `answers_anything` admits matches by `*/*`."""

    negotiated: Negotiated
    type: str
    subtype: str
    answers_suffix: bool = False
    answers_type: bool = False
    answers_anything: bool = False


@dataclass(frozen=True, slots=True)
class _Candidate:
    negotiated: Negotiated
    quality: float
    is_explicit: bool
    position: int


JSON_ANSWER = Negotiated(Format.JSON, "application/json")
_JSON = _Representation(
    JSON_ANSWER,
    "application",
    "json",
    answers_suffix=True,
    answers_type=True,
    answers_anything=True,
)
_XML = _Representation(
    Negotiated(Format.XML, "application/xml; charset=utf-8"),
    "application",
    "xml",
    answers_type=True,
    answers_anything=True,
)
_TEXT_XML = _Representation(
    Negotiated(Format.XML, "text/xml; charset=utf-8"), "text", "xml", answers_type=True
)
_CSV = _Representation(Negotiated(Format.CSV, "text/csv; charset=utf-8"), "text", "csv")
_EVENT_STREAM = _Representation(
    Negotiated(Format.EVENT_STREAM, "text/event-stream; charset=utf-8"), "text", "event-stream"
)
_NDJSON = _Representation(
    Negotiated(Format.NDJSON, "application/x-ndjson"), "application", "x-ndjson"
)

# If the header gives two media types of a format the same weight, the first one here is preferred.
_REPRESENTATIONS = {
    Format.JSON: (_JSON,),
    Format.XML: (_XML, _TEXT_XML),
    Format.CSV: (_CSV,),
    Format.NDJSON: (_NDJSON,),
    Format.EVENT_STREAM: (_EVENT_STREAM,),
}

_DEFAULT_OFFER = (Format.JSON, Format.XML)
_ANYTHING = _Range("*", "*", 1.0, 0)

# An unterminated quoted string extends to the end of the text, so that neither pattern backtracks.
_LIST_MEMBER = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*(?:"|\\?\Z))+', re.DOTALL)
_PARAMETER = re.compile(r'(?:[^;"]|"(?:\\.|[^"\\])*(?:"|\\?\Z))+', re.DOTALL)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_QUALITY = re.compile(r"0(?:\.[0-9]*)?|1(?:\.0*)?|\.[0-9]+")

MOST_RANGES: Final = 500
"""Of an Accept header. Each costs time, and nobody has been asked for a token yet."""
LONGEST_ACCEPT: Final = 4096
"""Characters of an Accept header that are read: a range or a parameter can be long as well."""
_EXACT, _SUFFIX, _ANY_SUFFIX, _TYPE, _ANY = 5, 4, 3, 2, 1


def negotiate(
    accept: str | None,
    content_type: str | None,
    format_parameter: str | None,
    offered: tuple[Format, ...] = _DEFAULT_OFFER,
    default: Format = Format.XML,
) -> Negotiated:
    """Raise UnknownFormat or NotAcceptable when the request asks for nothing that is offered."""
    wanted = _wanted_format(format_parameter, offered)
    choose = _choose_cached if len(accept or "") <= LONGEST_REMEMBERED else _choose
    preferred = Format.JSON if declares_json(content_type) else default
    chosen = choose(accept or "", preferred, wanted, offered)
    if chosen is None:
        raise NotAcceptable
    return chosen


def only(format_parameter: str | None, offered: tuple[Format, ...]) -> Negotiated:
    """The first that is offered, whatever `Accept` says. Raise UnknownFormat for another one."""
    wanted = _wanted_format(format_parameter, offered) or offered[0]
    return _REPRESENTATIONS[wanted][0].negotiated


def negotiate_leniently(
    accept: str | None,
    content_type: str | None,
    format_parameter: str | None,
    default: Format = Format.XML,
) -> Negotiated:
    """Decide the format of an error body. It never raises, and falls back to JSON."""
    try:
        return negotiate(accept, content_type, format_parameter, default=default)
    except UnknownFormat:
        return negotiate_leniently(accept, content_type, None, default)
    except NotAcceptable:
        return JSON_ANSWER


def _wanted_format(value: str | None, offered: tuple[Format, ...]) -> Format | None:
    if not value:
        return None
    try:
        wanted = Format(value.lower())
    except ValueError:
        raise UnknownFormat(value) from None
    if wanted not in offered:
        raise UnknownFormat(value)
    return wanted


def declares_json(content_type: str | None) -> bool:
    """Whether a Content-Type says JSON, with whatever parameters."""
    return declares(content_type, "application/json")


def declares(content_type: str | None, media_type: str) -> bool:
    if content_type is None:
        return False
    return content_type.partition(";")[0].strip().lower() == media_type


def _choose(
    accept: str, preferred: Format, wanted: Format | None, offered: tuple[Format, ...]
) -> Negotiated | None:
    ranges = tuple(_parse_accept(accept)) or (_ANYTHING,)
    if wanted is not None:
        return _best_of_format(wanted, ranges)
    candidates = list(_candidates(ranges, offered))
    if not candidates:
        return None
    best = max(candidate.quality for candidate in candidates)
    return _break_tie([c for c in candidates if c.quality == best], preferred)


_choose_cached = lru_cache(maxsize=1024)(_choose)


def _best_of_format(wanted: Format, ranges: tuple[_Range, ...]) -> Negotiated:
    candidates = list(_candidates(ranges, (wanted,)))
    if not candidates:
        return _REPRESENTATIONS[wanted][0].negotiated
    return max(candidates, key=lambda c: (c.quality, c.is_explicit)).negotiated


def _candidates(ranges: tuple[_Range, ...], offered: Iterable[Format]) -> Iterator[_Candidate]:
    for format_ in offered:
        for representation in _REPRESENTATIONS[format_]:
            candidate = _candidate(representation, ranges)
            if candidate is not None:
                yield candidate


def _candidate(representation: _Representation, ranges: tuple[_Range, ...]) -> _Candidate | None:
    """Weigh by the most specific range. Of equally specific ones, the highest weight counts, then
    the first."""
    specificity, quality, position = max(
        (_specificity(representation, range_), range_.quality, -range_.position)
        for range_ in ranges
    )
    if specificity == 0 or quality == 0:
        return None
    return _Candidate(representation.negotiated, quality, specificity > _TYPE, -position)


def _specificity(representation: _Representation, range_: _Range) -> int:
    """Return 0 when the range does not cover the representation."""
    if range_.type == range_.subtype == "*":
        return _ANY if representation.answers_anything else 0
    if range_.type != representation.type:
        return 0
    if range_.subtype == "*":
        return _TYPE if representation.answers_type else 0
    if range_.subtype == representation.subtype:
        return _EXACT
    if representation.answers_suffix and range_.subtype.endswith(f"+{representation.subtype}"):
        return _ANY_SUFFIX if range_.subtype.startswith("*+") else _SUFFIX
    return 0


def _break_tie(tied: list[_Candidate], preferred: Format) -> Negotiated:
    explicit = [candidate for candidate in tied if candidate.is_explicit]
    if not explicit:
        offered = [candidate.negotiated for candidate in tied]
        return next((each for each in offered if each.format == preferred), offered[0])
    first = min(explicit, key=lambda candidate: candidate.position).negotiated.format
    return next(c.negotiated for c in explicit if c.negotiated.format == first)


def _parse_accept(accept: str) -> Iterator[_Range]:
    """Yield the well-formed ranges. Malformed ones are ignored, and those that come after more than
    any client has reason to send."""
    members = islice(_LIST_MEMBER.finditer(_within_bounds(accept).lower()), MOST_RANGES)
    for position, member in enumerate(members):
        name, *parameters = _PARAMETER.findall(member[0]) or [""]
        type_, _, subtype = name.strip().partition("/")
        if _is_media_range(type_, subtype):
            yield _Range(type_, subtype, _quality(parameters), position)


def _within_bounds(accept: str) -> str:
    """The whole ranges at the beginning."""
    if len(accept) <= LONGEST_ACCEPT:
        return accept
    return accept[: LONGEST_ACCEPT + 1].rpartition(",")[0]


def _is_media_range(type_: str, subtype: str) -> bool:
    if not (_TOKEN.fullmatch(type_) and _TOKEN.fullmatch(subtype)):
        return False
    return type_ != "*" or subtype == "*"


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            value = value.strip()
            return float(value) if _QUALITY.fullmatch(value) else 1.0
    return 1.0
