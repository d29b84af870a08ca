"""Which documents each query selects, decided for whole families: a course and its runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import active_until, forced_active_until
from bursar.catalog.content.parts import parts_of
from bursar.catalog.filters.service import ContentFilter
from bursar.catalog.membership.rules import family_members

Pair: TypeAlias = tuple[UUID, int]
"""A query and a document."""

_EXEC_ED: Final = frozenset({"executive-education-2u", "bootcamp-2u"})


@dataclass(frozen=True, slots=True)
class StoredItem:
    """A document as the filters see it."""

    id: int
    content_type: ContentType
    key: str
    family_key: str | None
    active_until: datetime
    changed_at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    uuid: UUID
    content_filter: ContentFilter
    include_exec_ed: bool


def wanted_members(
    queries: Sequence[Query], everyone: Iterable[StoredItem], partner: str
) -> dict[Pair, datetime]:
    """What the queries select, each with the instant until which it is listed.

    Families must be complete.
    """
    families: dict[str, list[StoredItem]] = {}
    for item in everyone:
        families.setdefault(item.family_key or f"{item.content_type.value}:{item.key}", []).append(
            item
        )
    wanted: dict[Pair, datetime] = {}
    for family in map(_Family, families.values()):
        for query in queries:
            for item in family.members(query, partner):
                wanted[query.uuid, item.id] = _active_until(item, query.content_filter)
    return wanted


class _Family:
    """A course and its runs, or a document that stands alone."""

    def __init__(self, items: Sequence[StoredItem]) -> None:
        self._items = items
        self._documents = [_with_own_runs(item, items) for item in items]
        self._has_course = any(item.content_type is ContentType.COURSE for item in items)
        self._is_exec_ed = any(_is_exec_ed(item.data) for item in items)

    def members(self, query: Query, partner: str) -> Iterable[StoredItem]:
        if self._is_exec_ed and not query.include_exec_ed:
            return ()
        content_filter = query.content_filter
        own = [
            content_filter.matches(document, item.content_type, partner)
            for item, document in zip(self._items, self._documents, strict=True)
        ]
        # A restricted run does not follow its course: only the filter itself can let it in.
        return [
            item
            for item, is_member in zip(
                self._items, family_members(self._has_course, own), strict=True
            )
            if is_member and not content_filter.withholds(item.data, item.content_type)
        ]


def _with_own_runs(course: StoredItem, family: Sequence[StoredItem]) -> Mapping[str, Any]:
    """A course with the runs that have documents of their own, which say more than the course
    does. Other documents are as they are."""
    if len(family) == 1 or course.content_type is not ContentType.COURSE:
        return course.data
    own = {item.key: item.data for item in family if item.content_type is ContentType.COURSE_RUN}
    nested = [run for run in parts_of(course.data, "course_runs") if run.get("key") not in own]
    return {**course.data, "course_runs": [*nested, *own.values()]}


def _is_exec_ed(document: Mapping[str, Any]) -> bool:
    return any(
        isinstance(kind := document.get(name), str) and kind.lower() in _EXEC_ED
        for name in ("course_type", "type")
    )


def _active_until(item: StoredItem, content_filter: ContentFilter) -> datetime:
    if content_filter.forces(item.data, item.content_type):
        return forced_active_until(item.data, item.content_type, content_filter.allowed_runs)
    if content_filter.allowed_runs:
        return active_until(item.data, item.content_type, content_filter.allowed_runs)
    return item.active_until
