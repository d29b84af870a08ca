"""Query parameters, read the same way by every endpoint."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from bursar import clock
from bursar.web.errors import InvalidFields, Refusal

MAX_PARAMETERS = 1000


class QueryParameters:
    """The query string. An empty value counts as absent; unknown names are ignored."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw.decode("latin-1")
        self.pairs = parse_query(raw.decode(errors="replace"))
        self._values: dict[str, list[str]] = {}
        for name, value in self.pairs:
            if value:
                # PostgreSQL refuses text with a NUL, even in a comparison. No stored text has one,
                # so this matches nothing.
                self._values.setdefault(name, []).append(value.replace("\x00", "\ufffd"))

    def get(self, name: str) -> str | None:
        values = self._values.get(name)
        return values[-1] if values else None

    def get_all(self, name: str) -> list[str]:
        return self._values.get(name, [])


class ParameterReader:
    """Collects the errors of all parameters, so that one answer names all of them."""

    def __init__(self, query: QueryParameters) -> None:
        self.query = query
        self.errors: dict[str, list[str]] = {}

    def read(self, name: str, parser: Callable[[str], Any], message: str) -> Any:
        """The parsed value, or None when it is absent or wrong. An error is noted under its
        name."""
        text = self.query.get(name)
        if text is None:
            return None
        try:
            return parser(text)
        except (ValueError, OverflowError):
            self.errors[name] = [message]
            return None

    def uuid(self, name: str) -> UUID | None:
        value: UUID | None = self.read(name, parse_uuid, "Enter a valid UUID.")
        return value

    def required_uuid(self, name: str) -> UUID | None:
        """The UUID, or None when it is absent or wrong, which is noted as an error."""
        value = self.uuid(name)
        if value is None:
            self.errors.setdefault(name, ["This field is required."])
        return value

    def instant(self, name: str) -> datetime | None:
        value: datetime | None = self.read(name, clock.parse_instant, "Enter a valid date/time.")
        return value

    def boolean(self, name: str) -> bool | None:
        value: bool | None = self.read(name, parse_boolean, "Must be true or false.")
        return value

    def finish(self) -> None:
        """Raises InvalidFields when anything was wrong."""
        if self.errors:
            raise InvalidFields(self.errors)


def pattern_of_several(names: Iterable[str]) -> str:
    """A pattern for the OpenAPI document: names separated by commas, each with or without a minus
    sign."""
    one = f"-?({'|'.join(names)})"
    return f"^{one}(,{one})*$"


def parse_uuid(text: str) -> UUID:
    """A UUID with or without hyphens. Raises ValueError, also for braces and `urn:uuid:`."""
    uuid = UUID(text)
    # UUID() itself accepts more, such as non-ASCII digits, signs, spaces and hyphens anywhere.
    if text.lower() not in {str(uuid), uuid.hex}:
        raise ValueError(text)
    return uuid


def parse_boolean(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def parse_query(raw: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            raw, keep_blank_values=True, errors="replace", max_num_fields=MAX_PARAMETERS
        )
    except ValueError as error:
        raise Refusal("Too many query parameters.") from error
