"""What the screens about catalogs share."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from bursar.catalog.catalogs.sources import CatalogSource, sources_of
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.listings.counts import NOTHING, Counts
from bursar.catalog.listings.items import count_closing
from bursar.console.screens import OF_ENTERPRISE
from bursar.console.visits import Visit

PATH: Final = f"{OF_ENTERPRISE}/catalogs"
CATALOG_PATH: Final = f"{PATH}/{{catalog_id:uuid}}"
SOON: Final = timedelta(days=30)
KINDS: Final = {
    ContentType.COURSE: ("Course", "Courses"),
    ContentType.COURSE_RUN: ("Course run", "Course runs"),
    ContentType.PROGRAM: ("Program", "Programs"),
    ContentType.LEARNER_PATHWAY: ("Pathway", "Pathways"),
}


@dataclass(frozen=True, slots=True)
class Offered:
    """What a catalog offers now."""

    source: CatalogSource
    counts: Counts
    closing: int
    """How much of it closes within SOON."""

    @property
    def state(self) -> tuple[str, str] | None:
        """The word and the tone of its chip; None when there is nothing to say."""
        if self.source.is_pending:
            return "New filter is on its way", "busy"
        if self.source.content_filter is None:
            return "No filter", "off"
        return None if self.counts.total else ("Lists nothing", "bad")

    @property
    def courses(self) -> int:
        return self.counts.of(ContentType.COURSE)

    @property
    def runs(self) -> int:
        return self.counts.of(ContentType.COURSE_RUN)

    @property
    def programs(self) -> int:
        return self.counts.of(ContentType.PROGRAM, ContentType.LEARNER_PATHWAY)


def offered_by(visit: Visit, connection: Connection, uuids: list[UUID]) -> dict[UUID, Offered]:
    """By catalog. At most three statements."""
    sources = sources_of(connection, uuids)
    versions = {
        each.query_uuid: each.version for each in sources.values() if each.query_uuid is not None
    }
    known = visit.installation.catalog_counts
    counts = known.of_queries(connection, versions, visit.now)
    closing = count_closing(connection, list(versions), visit.now, visit.now + SOON)
    return {
        uuid: Offered(source, *_of_query(source.query_uuid, counts, closing))
        for uuid, source in sources.items()
    }


def _of_query(
    query: UUID | None, counts: dict[UUID, Counts], closing: dict[UUID, int]
) -> tuple[Counts, int]:
    if query is None:
        return NOTHING, 0
    return counts.get(query, NOTHING), closing.get(query, 0)


def offered_here(visit: Visit, connection: Connection) -> Offered:
    """By the catalog that the path names."""
    return offered_by(visit, connection, [visit.target.uuid])[visit.target.uuid]


def path_of(visit: Visit) -> str:
    return f"{visit.base}/catalogs/{visit.target.uuid}"


def named(title: str) -> str:
    return title or "Catalog without a name"
