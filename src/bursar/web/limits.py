"""How much one request may ask for, gathered from what the endpoints declare."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from bursar.web.endpoint import Endpoint, documented
from bursar.web.query import PageSize, fields_of


class PageLimit(msgspec.Struct, frozen=True):
    """Above `maximum`, the maximum is used."""

    method: str
    path: str
    parameter: str
    default: int
    maximum: int


class ListLimit(msgspec.Struct, frozen=True):
    """A longer list in the body is refused. `field` is null where the body itself is the list."""

    method: str
    path: str
    field: str | None
    maximum: int


@dataclass(frozen=True, slots=True)
class EndpointLimits:
    pages: Sequence[PageLimit]
    lists: Sequence[ListLimit]

    @classmethod
    def of(cls, endpoints: Iterable[Endpoint]) -> "EndpointLimits":
        known = list(endpoints)
        return cls(
            [limit for endpoint in known for limit in _pages(endpoint)],
            [limit for endpoint in known for limit in _lists(endpoint)],
        )


def _pages(endpoint: Endpoint) -> Iterator[PageLimit]:
    path = documented(endpoint.path)
    for known in () if endpoint.query is None else fields_of(endpoint.query):
        size = known.parameter
        if isinstance(size, PageSize):
            yield PageLimit(endpoint.method, path, known.name, size.default, size.maximum)


def _lists(endpoint: Endpoint) -> Iterator[ListLimit]:
    if endpoint.body is None:
        return
    path = documented(endpoint.path)
    for name, schema in _parts(endpoint.body.model_json_schema()):
        if schema.get("type") == "array" and "maxItems" in schema:
            yield ListLimit(endpoint.method, path, name, schema["maxItems"])


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    yield None, schema
    yield from schema.get("properties", {}).items()
