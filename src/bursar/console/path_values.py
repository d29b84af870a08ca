"""The values that a path names, with the types of its template."""

from collections.abc import Mapping
from typing import Any, Final

from bursar.console.visits import NotThere
from bursar.web.parameters import parse_uuid

_LONGEST_NUMBER: Final = 18
"""Digits of a number that every database can hold."""


def typed(template: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Path parameters with their types. Raises NotThere for one that is malformed."""
    try:
        return {name: _value(template, name, text) for name, text in raw.items()}
    except ValueError:
        raise NotThere from None


def _value(template: str, name: str, text: Any) -> Any:
    """Raises ValueError."""
    if not isinstance(text, str):  # a form is admitted twice
        return text
    if f"{{{name}:uuid}}" in template:
        return parse_uuid(text)
    if f"{{{name}:int}}" in template:
        if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
            raise ValueError(text)
        return int(text)
    return text
