"""Reading the field that a content filter names. Absent and null are one thing here.

The filters of real catalogs were written for the search index of the discovery service. So that is
what some fields mean, whatever shape a document came in: see `docs/reference/content-filters.md`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from bursar.catalog.content.aggregation import aggregation_key
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.course_keys import parse_run_key
from bursar.catalog.content.prices import is_restricted
from bursar.catalog.filters.run_fields import RUN_FIELDS
from bursar.remembering import remembered

Document = Mapping[str, Any]
Reader = Callable[[Document, ContentType, str], object]
"""Takes the document, its type, and the partner of documents that name none."""

EXACT_FORM: Final = ".raw"
"""The index keeps a second, exact form of a text field under this name."""
DEFAULT_PARTNER: Final = "edx"
ORGANIZATION_FIELDS: Final = ("org", "organizations", "authoring_organizations")

_ABSENT: Final = object()


def aggregation_keys(document: Document, content_type: ContentType) -> tuple[str, ...]:
    """The document's own before the one that follows from its identifier."""
    own, usual = document.get("aggregation_key"), aggregation_key(document, content_type)
    return (own, usual) if isinstance(own, str) and own != usual else (usual,)


def reader(field: str, allowed_runs: frozenset[str] = frozenset()) -> Reader:
    """Reads the field of a document. A course has what one of its runs has; its restricted runs
    count only when they are allowed."""
    if field.endswith(EXACT_FORM) and field != EXACT_FORM:
        field = field.removesuffix(EXACT_FORM)
    if field in _SPECIAL_READERS:
        return _SPECIAL_READERS[field]
    if field in RUN_FIELDS:
        return _run_field_reader(field, allowed_runs)
    if "." not in field:
        return lambda document, _, __: document.get(field)
    names = field.split(".")

    def read(document: Document, _: ContentType, __: str) -> object:
        value = _walk(document, names)
        return document.get(field) if value is _ABSENT else value

    return read


def _run_field_reader(field: str, allowed_runs: frozenset[str]) -> Reader:
    read_run = RUN_FIELDS[field]

    def read(document: Document, content_type: ContentType, _: str) -> object:
        own = document.get(field)
        if own is not None and own != []:
            return own
        if content_type is ContentType.COURSE_RUN:
            return read_run(document)
        runs = document.get("course_runs")
        if content_type is not ContentType.COURSE or not isinstance(runs, list):
            return own
        found: list[object] = []
        for run in runs:
            if isinstance(run, dict) and not is_withheld(run, allowed_runs):
                found.extend(elements(read_run(run)))
        return found if any(value is not None for value in found) else own

    return read


def is_withheld(run: Document, allowed_runs: frozenset[str]) -> bool:
    """Whether the run is for others than those whom the filter is for."""
    return is_restricted(run) and run.get("key") not in allowed_runs


def _walk(document: Document, names: list[str]) -> object:
    value = document.get(names[0], _ABSENT)
    for name in names[1:]:
        if isinstance(value, dict):
            value = value.get(name, _ABSENT)
        elif isinstance(value, list):
            value = _spread(value, name)
        else:
            return _ABSENT
    return value


def _spread(items: list[object], name: str) -> object:
    found = [item.get(name) if isinstance(item, dict) else None for item in elements(items)]
    return found if any(value is not None for value in found) else _ABSENT


def elements(value: object) -> Sequence[object]:
    """Flattens lists in lists, without recursion: a document's depth must not exhaust the stack."""
    if not isinstance(value, list):
        return (value,)
    if list not in map(type, value):
        return value
    return list(_flattened(value))


def _flattened(value: object) -> Iterator[object]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        else:
            yield item


def _organizations_reader(field: str) -> Reader:
    def read(document: Document, content_type: ContentType, _: str) -> object:
        own = document.get(field)
        if own is None or own == []:
            return _owner_keys(document, content_type)
        return [part for name in elements(own) for part in _parts_of_organization(name)]

    return read


def with_parts_of_organizations(operand: object) -> object:
    """What a list of names can equal, with the parts of each name."""
    if not isinstance(operand, list):
        operand = [operand] if isinstance(operand, str) and ": " in operand else operand
    if not isinstance(operand, list):
        return operand
    return [part for name in operand for part in _parts_of_organization(name)]


def _parts_of_organization(name: object) -> tuple[object, ...]:
    """Search documents write `KEY: Name`, which matches by either."""
    if not isinstance(name, str):
        return (name,)
    key, separator, rest = name.partition(": ")
    return (name, key, rest) if separator else (name,)


def _owner_keys(document: Document, content_type: ContentType) -> object:
    owners = "authoring_organizations" if content_type is ContentType.PROGRAM else "owners"
    keys = _walk(document, [owners, "key"])
    if keys is not _ABSENT and keys is not None:
        return keys
    key = document.get("key")
    if content_type is not ContentType.COURSE_RUN or not isinstance(key, str):
        return None
    return _organization_of_run(key)


@remembered(4096)
def _organization_of_run(key: str) -> str | None:
    parsed = parse_run_key(key)
    return parsed.organization if parsed else None


def _partner(document: Document, _: ContentType, partner: str) -> object:
    return document.get("partner") or partner


def _number(document: Document, content_type: ContentType, _: str) -> object:
    """The document's own, else the key: whole, and the part of it that is the number."""
    own, key = document.get("number"), document.get("key")
    if own is not None or not isinstance(key, str):
        return own
    if content_type is ContentType.COURSE_RUN:
        parsed = parse_run_key(key)
        return [key, parsed.course] if parsed else key
    return [key, key.rpartition("+")[2]]


_SPECIAL_READERS: Final[dict[str, Reader]] = {
    "content_type": lambda _, content_type, __: content_type.value,
    "aggregation_key": lambda document, kind, _: aggregation_keys(document, kind)[0],
    **{field: _organizations_reader(field) for field in ORGANIZATION_FIELDS},
    "partner": _partner,
    "key": lambda document, _, __: document.get("key"),
    "number": _number,
}
