"""Content filters: which documents a catalog selects by themselves.

That a run follows its course into a catalog, and a course its runs, is decided elsewhere.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.filters.directives import (
    ALLOWED_RUNS,
    DIRECTIVES,
    FORCED_KEYS,
    allowed_runs,
    forced_form,
    forced_keys,
    invisible_problems,
)
from bursar.catalog.filters.fields import (
    DEFAULT_PARTNER,
    EXACT_FORM,
    ORGANIZATION_FIELDS,
    Document,
    aggregation_keys,
    is_withheld,
    reader,
    with_parts_of_organizations,
)
from bursar.catalog.filters.operators import KNOWN_SUFFIXES, OPERATORS, with_paths
from bursar.catalog.filters.refusals import FilterError, Problem

Test = Callable[[Document, ContentType, str], bool]

# Changing it would change every catalog_query_uuid already handed out.
QUERY_NAMESPACE: Final = UUID("6f0b3c0e-52a5-4c39-9c4e-0d5a7d1c8b52")

_CONTENT_TYPE_NAMES: Final = tuple(member.value for member in ContentType)
_CORRECTED_FIELDS: Final = {
    "aggregation__key": "aggregation_key",
    "aggregration__key": "aggregation_key",
}
_CORRECTED_KEYS: Final = {"org__exempt": "org__exclude"}
_EXACT: Final = "exact"


@dataclass(frozen=True, slots=True, eq=False)
class ContentFilter:
    tests: tuple[Test, ...]
    forced_keys: frozenset[str]
    allowed_runs: frozenset[str]
    """The restricted runs that this filter's catalogs may offer."""

    def matches(
        self, document: Document, content_type: ContentType, partner: str = DEFAULT_PARTNER
    ) -> bool:
        """Never raises, whatever the document holds. `partner` is that of documents that name
        none."""
        if self.withholds(document, content_type):
            return False
        return self.forces(document, content_type) or all(
            test(document, content_type, partner) for test in self.tests
        )

    def withholds(self, document: Document, content_type: ContentType) -> bool:
        """Whether it is a run that was made for others."""
        return content_type is ContentType.COURSE_RUN and is_withheld(document, self.allowed_runs)

    def forces(self, document: Document, content_type: ContentType) -> bool:
        """Whether the document is selected whatever the conditions say."""
        if not self.forced_keys:
            return False
        keys = aggregation_keys(document, content_type)
        return any(forced_form(key) in self.forced_keys for key in keys)


def canonical_filter(raw: Mapping[str, object]) -> str:
    """Compact JSON with sorted keys; the filter must be one that `parse_filter` accepts."""
    return json.dumps(raw, sort_keys=True, separators=(",", ":"))


def query_uuid(raw: Mapping[str, object]) -> UUID:
    """The same for equal filters, on every installation."""
    return uuid5(QUERY_NAMESPACE, canonical_filter(raw))


def stored_uuid(filter_uuid: UUID, *, include_exec_ed: bool) -> UUID:
    """Under which a query is stored: catalogs with one filter select the same documents only when
    they agree about executive education."""
    return uuid5(filter_uuid, "executive education") if include_exec_ed else filter_uuid


def parse_filter(raw: object) -> ContentFilter:
    """Raises FilterError. Null is no filter at all, so it is refused here too."""
    if not isinstance(raw, dict):
        raise FilterError([("", "must be an object")])
    problems = [
        problem for key, operand in raw.items() for problem in _entry_problems(key, operand)
    ]
    if problems:
        raise FilterError(problems)
    return compile_filter(raw)


def compile_filter(raw: Mapping[str, object]) -> ContentFilter:
    """A filter that was accepted when it was stored, by this release or an older one."""
    allowed = allowed_runs(raw.get(ALLOWED_RUNS))
    # The cheapest test first, and the one that most often decides.
    entries = sorted(raw.items(), key=lambda entry: not entry[0].startswith("content_type"))
    return ContentFilter(
        tests=tuple(
            _compile(key, operand, allowed)
            for key, operand in entries
            if field_of(key) not in DIRECTIVES
        ),
        forced_keys=forced_keys(raw.get(FORCED_KEYS)),
        allowed_runs=allowed,
    )


def field_of(key: str) -> str:
    """The field that a key of a filter names."""
    return field_and_suffix(key)[0]


def _entry_problems(key: object, operand: object) -> list[Problem]:
    if not isinstance(key, str):
        return [(repr(key), "a key must be a string")]
    field, suffix = field_and_suffix(key)
    if field in DIRECTIVES:
        return DIRECTIVES[field](operand) if key == field else [(key, "takes no operator")]
    if not all(field.split(".")):
        return [(key, "names no field")]
    return invisible_problems(key, key) or _condition_problems(key, field, suffix, operand)


def _condition_problems(key: str, field: str, suffix: str, operand: object) -> list[Problem]:
    operator = suffix or _EXACT
    if operator not in OPERATORS or key.endswith("__"):
        return [(key, f"unknown operator __{suffix}; known are {KNOWN_SUFFIXES}")]
    if field == "content_type":
        return _content_type_problems(key, operator, operand)
    problems = OPERATORS[operator].check(key, operand)
    return problems or (invisible_problems(key, operand) if _names_keys(field) else [])


def _names_keys(field: str) -> bool:
    """Whether documents have keys there, which are the same for everybody. Names and titles may
    need joiners that nobody sees."""
    name = field.removesuffix(EXACT_FORM).rpartition(".")[2]
    return name in ("key", "number", "aggregation_key") or name.endswith(("_key", "_keys"))


def field_and_suffix(key: str) -> tuple[str, str]:
    """The suffix is empty where there is none. The corrections of the old catalog service hold."""
    key = _CORRECTED_KEYS.get(key, key)
    for wrong, right in _CORRECTED_FIELDS.items():
        if key == wrong or key.startswith(f"{wrong}__"):
            key = right + key.removeprefix(wrong)
    field, _, suffix = key.partition("__")
    return field, suffix


def _content_type_problems(key: str, suffix: str, operand: object) -> list[Problem]:
    if suffix not in ("exact", "in", "not", "exclude"):
        return [(key, f"__{suffix} does not apply to content_type")]
    problems = OPERATORS[suffix].check(key, operand)
    return problems or [
        (path, "must be course, courserun, program or learnerpathway")
        for path, value in with_paths(key, operand)
        if value not in _CONTENT_TYPE_NAMES
    ]


def _compile(key: str, operand: Any, allowed: frozenset[str]) -> Test:
    field, suffix = field_and_suffix(key)
    is_cased = suffix == _EXACT or field.endswith(EXACT_FORM)
    read = reader(field, allowed)
    if field in ORGANIZATION_FIELDS:
        operand = with_parts_of_organizations(operand)
    holds = OPERATORS[suffix or _EXACT].compile(operand, is_cased)
    return lambda document, content_type, partner: holds(read(document, content_type, partner))
