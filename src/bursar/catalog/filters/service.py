"""Content filters: which documents a catalog selects by themselves.

That a run follows its course into a catalog, and a course its runs, is decided elsewhere.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.filters.fields import Document, aggregation_key, reader
from bursar.catalog.filters.operators import KNOWN_SUFFIXES, OPERATORS, with_paths
from bursar.catalog.filters.refusals import FilterError, Problem

Test = Callable[[Document, ContentType], bool]

FORCED_KEYS: Final = "enterprise_force_include_aggregation_keys"
# Changing it would change every catalog_query_uuid already handed out.
QUERY_NAMESPACE: Final = UUID("6f0b3c0e-52a5-4c39-9c4e-0d5a7d1c8b52")

_CONTENT_TYPE_NAMES: Final = frozenset(member.value for member in ContentType)
_FORCED_FORM: Final = re.compile(
    r"(course|courserun):[^\s:]+|program:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)


@dataclass(frozen=True, slots=True, eq=False)
class ContentFilter:
    tests: tuple[Test, ...]
    forced_keys: frozenset[str]

    def matches(self, document: Document, content_type: ContentType) -> bool:
        """Never raises, whatever the document holds."""
        return self._forces(document, content_type) or all(
            test(document, content_type) for test in self.tests
        )

    def _forces(self, document: Document, content_type: ContentType) -> bool:
        if not self.forced_keys:
            return False
        return _forced_form(aggregation_key(document, content_type)) in self.forced_keys


def canonical_filter(raw: Mapping[str, object]) -> str:
    """Compact JSON with sorted keys; the filter must be one that `parse_filter` accepts."""
    return json.dumps(raw, sort_keys=True, separators=(",", ":"))


def query_uuid(raw: Mapping[str, object]) -> UUID:
    """The same for equal filters, on every installation."""
    return uuid5(QUERY_NAMESPACE, canonical_filter(raw))


def parse_filter(raw: object) -> ContentFilter:
    """Raises FilterError. Null is no filter at all, so it is refused here too."""
    if not isinstance(raw, dict):
        raise FilterError([("", "must be an object")])
    problems = [
        problem for key, operand in raw.items() for problem in _entry_problems(key, operand)
    ]
    if problems:
        raise FilterError(problems)
    # The cheapest test first, and the one that most often decides.
    entries = sorted(raw.items(), key=lambda entry: not entry[0].startswith("content_type"))
    return ContentFilter(
        tests=tuple(_compile(key, operand) for key, operand in entries if key != FORCED_KEYS),
        forced_keys=frozenset(map(_forced_form, raw.get(FORCED_KEYS, ()))),
    )


def _entry_problems(key: object, operand: object) -> list[Problem]:
    if not isinstance(key, str):
        return [(repr(key), "a key must be a string")]
    field, suffix = _field_and_suffix(key)
    if not all(field.split(".")):
        return [(key, "names no field")]
    if suffix not in OPERATORS:
        return [(key, f"unknown operator __{suffix}; known are {KNOWN_SUFFIXES}")]
    if field == FORCED_KEYS:
        return _forced_problems(operand) if key == field else [(key, "takes no operator")]
    if field == "content_type":
        return _content_type_problems(key, suffix, operand)
    return OPERATORS[suffix].check(key, operand)


def _field_and_suffix(key: str) -> tuple[str, str]:
    field, separator, suffix = key.partition("__")
    return field, suffix if separator else "exact"


def _forced_problems(operand: object) -> list[Problem]:
    if not isinstance(operand, list):
        return [(FORCED_KEYS, "must be a list")]
    return [
        (f"{FORCED_KEYS}[{index}]", "must be course:KEY, courserun:COURSE_KEY or program:UUID")
        for index, item in enumerate(operand)
        if not isinstance(item, str) or not _FORCED_FORM.fullmatch(item)
    ]


def _content_type_problems(key: str, suffix: str, operand: object) -> list[Problem]:
    if suffix not in ("exact", "in", "not", "exclude"):
        return [(key, f"__{suffix} does not apply to content_type")]
    problems = OPERATORS[suffix].check(key, operand)
    return problems or [
        (path, "must be course, courserun or program")
        for path, value in with_paths(key, operand)
        if value not in _CONTENT_TYPE_NAMES
    ]


def _compile(key: str, operand: Any) -> Test:
    field, suffix = _field_and_suffix(key)
    read, holds = reader(field), OPERATORS[suffix].compile(operand)
    return lambda document, content_type: holds(read(document, content_type))


def _forced_form(key: str) -> str:
    """UUIDs are the same in any case; course keys are not."""
    return key.lower() if key.startswith("program:") else key
