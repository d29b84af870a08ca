"""Query parameters, read the same way by every endpoint."""

from collections.abc import Iterable
from urllib.parse import parse_qsl
from uuid import UUID

from bursar.web.errors import Refusal

MAX_PARAMETERS = 1000


class QueryParameters:
    """The query string. An empty value counts as absent; unknown names are never looked at."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw.decode("latin-1")
        self.pairs = parse_query(raw.decode(errors="replace"))
        self._values: dict[str, list[str]] = {}
        for name, value in self.pairs:
            if value:
                # No stored text holds a NUL, and PostgreSQL would not even compare one.
                self._values.setdefault(name, []).append(value.replace("\x00", "\ufffd"))

    def get(self, name: str) -> str | None:
        values = self._values.get(name)
        return values[-1] if values else None

    def get_all(self, name: str) -> list[str]:
        return self._values.get(name, [])


def pattern_of_several(names: Iterable[str]) -> str:
    """For the OpenAPI document: fields to order by, each with or without a minus sign."""
    one = f"-?({'|'.join(names)})"
    return f"^{one}(,{one})*$"


def plus_meant(text: str) -> str:
    """The text with its plus signs, which a query string takes for spaces: for what never has a
    space, such as a course key."""
    return text.replace(" ", "+")


def parse_uuid(text: str) -> UUID:
    """With or without hyphens; braces and `urn:uuid:` are not accepted. Raises ValueError."""
    uuid = UUID(text)
    # UUID() reads more than that: other digits, signs, spaces, hyphens anywhere.
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
