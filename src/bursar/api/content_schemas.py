"""Schemas of courses, course runs and programs for generators of clients.

The known fields are those of the reference's example documents. Every field can be null or absent,
and a document can have more: it is sent as its source wrote it.
"""

import re
from functools import cache
from typing import Any, Final

from bursar.api.catalogs import reference_example

JsonSchema = dict[str, Any]

_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)")
_OPEN: Final[JsonSchema] = {"type": "object", "additionalProperties": True}
_EXAMPLES: Final = {"Course": "course", "CourseRun": "course_run", "Program": "program"}


@cache
def content_schemas() -> dict[str, JsonSchema]:
    """By the name that a generated client gives to the kind of document."""
    return {name: _document(reference_example(example)) for name, example in _EXAMPLES.items()}


def _document(example: object) -> JsonSchema:
    assert isinstance(example, dict)  # noqa: S101 - the examples are objects
    known = {name: _known(value) for name, value in example.items()}
    return {"type": "object", "properties": known, "additionalProperties": True}


_KINDS: Final = {bool: "boolean", int: "integer", float: "number", str: "string"}


def _known(value: object) -> JsonSchema:
    if isinstance(value, dict):
        return {"anyOf": [_OPEN, {"type": "null"}]}
    if isinstance(value, list):
        are_texts = bool(value) and isinstance(value[0], str)
        return {"type": ["array", "null"], "items": {"type": "string"} if are_texts else {}}
    if value is None:
        return {}
    schema: JsonSchema = {"type": [_KINDS[type(value)], "null"]}
    is_instant = isinstance(value, str) and _INSTANT.fullmatch(value)
    return schema | ({"format": "date-time"} if is_instant else {})
