"""What the screens of the installation are given by the application, because what stands behind it
knows all domains."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.catalog.listings.counts import CatalogCounts
from bursar.figures import Figure, FigureReader
from bursar.web.readiness import Readiness
from bursar.xapi.service import StatementPreview


@dataclass(frozen=True, slots=True)
class Installation:
    version: str
    readers: Sequence[FigureReader]
    """Those of `/metrics`."""
    readiness: Callable[[], Readiness]
    """That of `/ready`."""
    statements: StatementPreview
    """What learning record stores are told."""
    manifest_of: Callable[[Session, UUID], str]
    """What `bursar export` writes. Raises UnknownEnterprise."""
    catalog_counts: CatalogCounts = field(default_factory=CatalogCounts)

    def figures(self, connection: Connection, now: datetime) -> dict[str, Figure]:
        """As `/metrics` shows them, by name."""
        return {each.name: each for read in self.readers for each in read(connection, now)}
