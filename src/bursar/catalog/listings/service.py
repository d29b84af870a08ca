"""The front door of listings: which documents a catalog holds and lists, and their bytes.

These are the reads that are asked for most. Documents stay the bytes that they are stored as; which
of them are listed is remembered between requests (indexes.py).
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar import clock
from bursar.batches import batched
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.restricted import has_restricted_runs
from bursar.catalog.content.templates import Links, Shown, fill_in
from bursar.catalog.listings import queries
from bursar.catalog.listings.commands import Selection
from bursar.catalog.listings.containing import find_catalogs, find_runs
from bursar.catalog.listings.indexes import MemberIndexes
from bursar.catalog.listings.owned import CatalogTarget
from bursar.catalog.listings.views import RemovedItem, RemovedProgram

KEYS_AT_ONCE: Final = 10_000
"""SQLite takes some thirty thousand parameters, and each key is named twice."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a catalog lists at one instant."""

    version: int
    """Of the query."""
    changed_at: datetime
    """When the catalog came to serve the query, or the query's content last changed: what a client
    has that reads the listing now."""
    boundary: datetime
    """When the last of the closed documents closed. It and the version decide what is listed."""
    ids: "array[int]"
    """Of the listed documents in their order."""
    last_modified: datetime
    """Covers the catalog itself, its content, and what the clock closed."""

    @property
    def state(self) -> tuple[int, datetime]:
        return self.version, self.boundary


@dataclass(frozen=True, slots=True)
class Look:
    """How documents look on this installation."""

    lms_public_url: str
    """Root of the enrollment links that documents carry."""
    with_listed_keys: bool
    """Whether listings say of every document what it is."""


@dataclass(frozen=True, slots=True)
class FoundRun:
    """The document that answers for a course run."""

    content_id: int
    body_hash: bytes
    is_nested: bool
    """Whether it is the document of a course that holds the run."""


def listing_of(
    connection: Connection, indexes: MemberIndexes, catalog: CatalogTarget, now: datetime
) -> Listing:
    """No statement at all while the index of the catalog's query is remembered."""
    index = indexes.get(connection, catalog.query_uuid, catalog.version or 0)
    view = index.at(now)
    changed_at = max(catalog.query_since, index.content_modified_at)
    last_modified = max(catalog.modified_at, changed_at, view.boundary)
    return Listing(index.version, changed_at, view.boundary, view.ids, last_modified)


def selected_ids(
    connection: Connection, catalog: CatalogTarget, selection: Selection
) -> Sequence[int]:
    """Members that were asked for, in the order of their keys: only those that are listed now, when
    it is asked for what changed."""
    return queries.selected_ids(connection, catalog, selection)


def removed_since(
    connection: Connection, catalog: CatalogTarget, selection: Selection, since: datetime
) -> list[RemovedItem | RemovedProgram]:
    """What the catalog listed after `since` and does not list now, for whichever reason."""
    removed: list[RemovedItem | RemovedProgram] = []
    for row in queries.removed_since(connection, catalog, selection, since):
        is_known_by_uuid = row.content_type in (ContentType.PROGRAM, ContentType.LEARNER_PATHWAY)
        shown = RemovedProgram if is_known_by_uuid else RemovedItem
        at = clock.format_instant(row.removed_at)
        removed.append(
            shown(row.key, row.content_type, removed=True, removed_at=at, reason=row.reason)
        )
    return removed


def listed_documents(
    connection: Connection, catalog: CatalogTarget, ids: Sequence[int], look: Look
) -> bytes:
    """The documents in the order of the ids as JSON, separated by commas."""
    templates = b",".join(queries.bodies(connection, ids))
    shown = Shown.LISTED_WITH_KEYS if look.with_listed_keys else Shown.LISTED
    return _filled_in(connection, catalog, templates, shown, look)


def document(connection: Connection, catalog: CatalogTarget, content_id: int, look: Look) -> bytes:
    """One document by itself, as JSON."""
    template = queries.body(connection, content_id)
    return _filled_in(connection, catalog, template, Shown.ITEM, look)


def _filled_in(
    connection: Connection, catalog: CatalogTarget, template: bytes, shown: Shown, look: Look
) -> bytes:
    allowed: Sequence[str] = ()
    if catalog.query_uuid is not None and has_restricted_runs(template):
        allowed = queries.allowed_runs(connection, catalog.query_uuid)
    links = Links(look.lms_public_url, catalog.enterprise_uuid, catalog.uuid, catalog.slug)
    return fill_in(template, links, shown, allowed)


def find_run(connection: Connection, catalog: CatalogTarget, run_key: str) -> FoundRun | None:
    """The run's own document when it is a member, else that of a member course that holds it."""
    if catalog.query_uuid is None:
        return None
    row = queries.find_run(connection, catalog.query_uuid, run_key)
    if row is None:
        return None
    return FoundRun(row.id, row.body_hash, row.content_type == ContentType.COURSE)


def nested_run(course: bytes, run_key: str) -> bytes | None:
    """The run as the document of its course has it, as JSON."""
    for run in msgspec.json.decode(course).get("course_runs") or []:
        if run.get("key") == run_key:
            return msgspec.json.encode(run)
    return None


def catalogs_containing(
    connection: Connection, enterprise_uuid: UUID, keys: Sequence[str]
) -> list[UUID]:
    """The enterprise's catalogs that hold any of the courses, runs and programs, the oldest first.

    Whether they are listed makes no difference. A program's key is its UUID. One statement; `keys`
    are at most a few thousand.
    """
    # No key has NUL, and PostgreSQL refuses to look for it.
    wanted = [key for key in dict.fromkeys(keys) if "\x00" not in key]
    return find_catalogs(connection, enterprise_uuid, wanted) if wanted else []


def runs_held(connection: Connection, enterprise_uuid: UUID, keys: Sequence[str]) -> dict[str, str]:
    """The titles, by key, of those course runs that one of the enterprise's catalogs holds, listed
    or not. One statement for 10,000."""
    titles: dict[str, str] = {}
    for batch in batched({key for key in keys if "\x00" not in key}, KEYS_AT_ONCE):
        titles |= find_runs(connection, enterprise_uuid, batch)
    return titles
