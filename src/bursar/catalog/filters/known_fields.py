"""Which fields documents have, as content filters name them: a filter can misspell one."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.filters.directives import DIRECTIVES
from bursar.catalog.filters.fields import EXACT_FORM, ORGANIZATION_FIELDS, reader
from bursar.catalog.filters.run_fields import RUN_FIELDS
from bursar.catalog.filters.service import field_of

_OF_EVERY_DOCUMENT: Final = frozenset({"content_type", "aggregation_key", "partner"})
_OF_RUNS: Final = "course_runs."
_DEEPEST: Final = 5
"""How many dots a name has at most; documents can be nested much deeper."""


def conditions_of(content_filter: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The key of each condition, and the field that it names."""
    for key in content_filter:
        field = field_of(key)
        if field not in DIRECTIVES:
            yield key, field.removesuffix(EXACT_FORM) or field


def names_in(document: Mapping[str, Any]) -> set[str]:
    """The names of all fields, those of objects within it with dots: `owners.key`."""
    found: set[str] = set()
    pending: list[tuple[str, object, int]] = [("", document, 0)]
    while pending:
        prefix, value, depth = pending.pop()
        if isinstance(value, list):
            pending.extend((prefix, item, depth) for item in value)
        elif isinstance(value, dict):
            paths = [(f"{prefix}{name}", part) for name, part in value.items()]
            found.update(path for path, _ in paths)
            if depth < _DEEPEST:
                pending.extend((f"{path}.", part, depth + 1) for path, part in paths)
    return found


def has_field(
    field: str, document: Mapping[str, Any], kind: ContentType, names: Collection[str]
) -> bool:
    """Whether the document has it, be it null. `names` are those in the document."""
    if field in _OF_EVERY_DOCUMENT or field in names:
        return True
    if field in RUN_FIELDS and f"{_OF_RUNS}{field}" in names:
        return True
    return reader(field)(document, kind, "") is not None


def nearest_field(field: str, names: Collection[str]) -> str | None:
    """The known field that the misspelt one resembles most. `names` are those in documents."""
    of_runs = (name for name in RUN_FIELDS if f"{_OF_RUNS}{name}" in names)
    known = {*names, *_OF_EVERY_DOCUMENT, *ORGANIZATION_FIELDS, *of_runs}
    by_lower_case = {name.lower(): name for name in sorted(known, reverse=True)}
    found = get_close_matches(field.lower(), sorted(by_lower_case), n=1)
    return by_lower_case[found[0]] if found else None
