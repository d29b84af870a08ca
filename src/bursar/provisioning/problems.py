"""What is wrong with a manifest, and where."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Part = str | int
NESTED: Final = "nested_problems"
"""The type of a pydantic error that stands for several, each at its own path below."""

_SENTENCES: Final = {
    "missing": "required",
    "extra_forbidden": "unknown key",
    "invalid_key": "keys must be text",
    "model_type": "must be a mapping of keys to values",
    "dict_type": "must be a mapping of keys to values",
    "list_type": "must be a list",
    "string_type": "must be text",
    "string_unicode": "must be valid Unicode text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "uuid_type": "must be a UUID",
    "uuid_parsing": "must be a UUID",
}


class ManifestError(Exception):
    """A manifest that cannot be applied: every problem as `path: why`."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def path_of(parts: Iterable[Part]) -> str:
    """Keys joined by dots, list indexes in brackets: `enterprises[0].policies[2].uuid`."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def problem(path: str, why: str) -> str:
    return f"{path}: {why}" if path else why


def problems_of(error: ValidationError) -> list[str]:
    """Never quotes the offending value: it may be a secret."""
    found = error.errors(include_url=False, include_input=False)
    return [line for details in found for line in _lines(details)]


def _lines(details: ErrorDetails) -> list[str]:
    path = path_of(details["loc"])
    if details["type"] == NESTED:
        nested: list[tuple[str, str]] = details["ctx"]["problems"]
        return [problem(_below(path, inner), why) for inner, why in nested]
    return [problem(path, _sentence(details))]


def _below(path: str, inner: str) -> str:
    separator = "" if not path or not inner or inner.startswith("[") else "."
    return f"{path}{separator}{inner}"


def _sentence(details: ErrorDetails) -> str:
    known = _SENTENCES.get(details["type"])
    return known or re.sub(r"^(Value|Input|String) should ", "must ", details["msg"])
