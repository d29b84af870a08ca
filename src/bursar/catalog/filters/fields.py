"""Reading the field that a content filter names. Absent and null are one thing here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.course_keys import parse_run_key
from bursar.remembering import remembered

Document = Mapping[str, Any]
Reader = Callable[[Document, ContentType], object]

_ABSENT: Final = object()
_IDENTIFIERS: Final = {
    ContentType.COURSE: "key",
    ContentType.COURSE_RUN: "course",
    ContentType.PROGRAM: "uuid",
    ContentType.LEARNER_PATHWAY: "uuid",
}


def aggregation_key(document: Document, content_type: ContentType) -> str:
    """A run's is its course's key under `courserun:`; a missing identifier is the empty string."""
    field = _IDENTIFIERS[content_type]
    identifier = document.get(field)
    return f"{content_type.value}:{identifier if isinstance(identifier, str) else ''}"


def reader(field: str) -> Reader:
    if field in _SPECIAL_READERS:
        return _SPECIAL_READERS[field]
    if "." not in field:
        return lambda document, _: document.get(field)
    names = field.split(".")

    def read(document: Document, _: ContentType) -> object:
        value = _walk(document, names)
        return document.get(field) if value is _ABSENT else value

    return read


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


_SPECIAL_READERS: Final[dict[str, Reader]] = {
    "content_type": lambda _, content_type: content_type.value,
    "aggregation_key": aggregation_key,
    "org": _owner_keys,
    "partner": _owner_keys,
}
