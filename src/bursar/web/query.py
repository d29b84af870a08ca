"""Query parameters as a typed model: one definition parses, refuses and documents each of them.

    class PolicyListQuery(Query):
        active: Annotated[bool | None, FLAG, "Only active or only inactive ones."] = None
        page: PageNumber = 1
        page_size: Annotated[int, size_of_page(default=10, maximum=100), "Policies on a page."] = 10

A field is named as its parameter. Its `Parameter` says how the text is read, the string beside it
describes it in the OpenAPI document, and a field without a default is required. Of a parameter that
comes several times the last one counts, unless the `Parameter` takes all; an empty one is absent.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from bursar import clock
from bursar.invisible import refuse_invisible
from bursar.pages import LAST
from bursar.web.parameters import QueryParameters, parse_boolean, parse_uuid

Schema = Mapping[str, Any]
Errors = dict[str, list[str]]

LONGEST_TEXT: Final = 1000
REQUIRED: Final = "This field is required."


class WrongValue(ValueError):
    """What is wrong with a parameter, in one message or several."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = messages


@dataclass(frozen=True, slots=True)
class Parameter:
    """How a parameter is read. For a bad value `parse` raises ValueError, which is answered with
    `message`, or WrongValue with its own messages."""

    parse: Callable[[str], object]
    message: str = ""
    schema: Schema = field(default_factory=lambda: {"type": "string"})

    def read(self, texts: Sequence[str]) -> object:
        return self.parse(texts[-1])


@dataclass(frozen=True, slots=True)
class PageSize(Parameter):
    """The size of a page: see `size_of_page`."""

    default: int = 0
    maximum: int = 0


@dataclass(frozen=True, slots=True)
class Repeatable:
    """As Parameter, for a parameter that may be repeated: `parse` gets all of its values."""

    parse: Callable[[Sequence[str]], object]
    message: str = ""
    schema: Schema = field(default_factory=lambda: {"type": "array", "items": {"type": "string"}})

    def read(self, texts: Sequence[str]) -> object:
        return self.parse(texts)


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Base of query models."""

    def problems(self) -> Errors:
        """The errors of parameters that are valid by themselves but not together."""
        return {}


Model = TypeVar("Model", bound=Query)


@dataclass(frozen=True, slots=True)
class QueryField:
    """A field of a model, with what its annotation says."""

    name: str
    parameter: Parameter | Repeatable
    description: str
    required: bool


@cache
def fields_of(model: type[Query]) -> tuple[QueryField, ...]:
    """Raises TypeError for a field whose annotation does not say how it is read."""
    hints = get_type_hints(model, include_extras=True)
    return tuple(_field(known, hints[known.name]) for known in msgspec.structs.fields(model))


def _field(known: msgspec.structs.FieldInfo, hint: object) -> QueryField:
    said = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    parameters = [each for each in said if isinstance(each, Parameter | Repeatable)]
    descriptions = [each for each in said if isinstance(each, str)]
    if len(parameters) != 1 or len(descriptions) != 1:
        raise TypeError(f"{known.name} needs one Parameter and one description")
    return QueryField(known.name, parameters[0], descriptions[0], known.required)


def read_query(model: type[Model], query: QueryParameters) -> tuple[Model | None, Errors]:
    """The typed parameters, or None with every error by the name of the parameter."""
    values: dict[str, Any] = {}
    errors: Errors = {}
    for known in fields_of(model):
        texts = query.get_all(known.name)
        if not texts:
            if known.required:
                errors[known.name] = [REQUIRED]
            continue
        try:
            values[known.name] = known.parameter.read(texts)
        except WrongValue as wrong:
            errors[known.name] = list(wrong.messages)
        except (ValueError, OverflowError):
            errors[known.name] = [known.parameter.message]
    if errors:
        return None, errors
    read = model(**values)
    errors = read.problems()
    return (None, errors) if errors else (read, {})


# Kinds of parameters that several lists share.

Choice = TypeVar("Choice", bound=StrEnum)
_INTEGER: Final = {"type": "integer", "minimum": 1}

IDENTIFIER: Final = Parameter(
    parse_uuid, "Enter a valid UUID.", {"type": "string", "format": "uuid"}
)
# In a query string a plus sign says space: the one before an offset was meant as a plus.
_OFFSET: Final = re.compile(r" (?=\d\d:?\d\d$)")


def _instant(text: str) -> datetime:
    return clock.parse_instant(_OFFSET.sub("+", text.strip()))


INSTANT: Final = Parameter(
    _instant, "Enter a valid date/time.", {"type": "string", "format": "date-time"}
)
FLAG: Final = Parameter(parse_boolean, "Must be true or false.", {"type": "boolean"})


def _day(text: str) -> date:
    day = date.fromisoformat(text.strip())
    if text.strip() != day.isoformat():  # Other forms of ISO 8601, such as weeks, are refused.
        raise ValueError(text)
    return day


DAY: Final = Parameter(
    _day, "Enter a valid date, as YYYY-MM-DD.", {"type": "string", "format": "date"}
)


def visible(text: str) -> str:
    """The text of an identifier. Raises WrongValue, naming a character that nobody sees."""
    try:
        refuse_invisible(text)
    except ValueError as error:
        raise WrongValue(str(error)) from None
    return text


def plain_text(
    clean: Callable[[str], str] = str.strip, *, longest: int = LONGEST_TEXT
) -> Parameter:
    """Text up to a length, cleaned by `clean`. It is None when nothing is left of it."""

    def parse(given: str) -> str | None:
        if len(given) > longest:
            raise ValueError(given)
        return clean(given) or None

    return Parameter(parse, f"Ensure this field has no more than {longest} characters.")


TEXT: Final = plain_text()


def _searched(text: str) -> str | None:
    # As what is stored is composed; accents can be typed in two ways.
    text = unicodedata.normalize("NFC", text.strip())
    if len(text) > LONGEST_TEXT:
        raise ValueError(text)
    return text or None


SEARCH: Final = Parameter(
    _searched, f"Ensure this field has no more than {LONGEST_TEXT} characters."
)
"""As TEXT, but spaces around the text do not count."""


def one_of(choices: Iterable[str], parse: Callable[[str], object] | None = None) -> Parameter:
    """One of these values: an enumeration, or texts."""
    known = [str(choice) for choice in choices]

    def among(given: str) -> object:
        if given not in known:
            raise ValueError(given)
        return given

    kind = choices if isinstance(choices, type) else None
    return Parameter(
        parse or kind or among, f"Must be one of: {', '.join(known)}.", {"enum": known}
    )


def size_of_page(*, default: int, maximum: int) -> PageSize:
    """The size of a page, limited to the maximum. It is never refused: if it is zero, negative or
    not a number, it is the default."""
    return PageSize(
        lambda given: min(_positive(given) or default, maximum),
        schema=_INTEGER,
        default=default,
        maximum=maximum,
    )


def _page(given: str) -> int | Literal["last"]:
    return LAST if given == LAST else _positive(given) or 0


PAGE: Final = Parameter(_page)
"""A page number. A bad one is refused like a page beyond the end: see PageRequest."""


def _positive(given: str) -> int | None:
    # Twelve digits are enough for any real list. Converting much longer texts would cost time.
    given = given.strip()
    if not (given.isascii() and given.isdigit() and len(given) <= 12):
        return None
    return int(given) or None


PageNumber: TypeAlias = Annotated[int | Literal["last"], PAGE, "A page number, or `last`."]
