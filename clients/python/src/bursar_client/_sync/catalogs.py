"""Catalogs and their content."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Iterator, Sequence
from datetime import datetime

from bursar_client._sync.pages import Pages
from bursar_client._sync.part import Part
from bursar_client.catalog_copy import CATALOG, CatalogReading, Change, CopyState
from bursar_client.cursors import Cursors
from bursar_client.models.catalogs import Catalog, Containment, Document
from bursar_client.wire import Identifier, get, path

CATALOGS = "/enterprise/v2/enterprise-catalogs"
OF_ENTERPRISE = "/enterprise/v1/enterprise-customer/{}/contains_content_items"


class Catalogs(Part):
    def find(
        self, *, enterprise: Identifier | None = None, page_size: int | None = None
    ) -> Pages[Catalog]:
        """All that the client may see, or those of one enterprise."""
        chosen = enterprise or self._default_enterprise
        return self._pages(get(CATALOGS, enterprise_customer=chosen, page_size=page_size), Catalog)

    def documents(
        self,
        catalog: Identifier,
        *,
        content_keys: Sequence[str] | None = None,
        updated_since: datetime | None = None,
        limit: int | None = None,
    ) -> Pages[Document]:
        """What the catalog lists. To keep a copy, use `sync`."""
        request = get(
            path(CATALOG, catalog),
            content_keys=content_keys,
            updated_since=updated_since,
            limit=limit,
        )
        return self._pages(request, Document)

    def course(self, catalog: Identifier, key: str) -> Document:
        return self._one(get(path(CATALOG + "/courses/{}", catalog, key)), Document)

    def course_run(self, catalog: Identifier, key: str) -> Document:
        return self._one(get(path(CATALOG + "/course-runs/{}", catalog, key)), Document)

    def program(self, catalog: Identifier, uuid: Identifier) -> Document:
        return self._one(get(path(CATALOG + "/programs/{}", catalog, uuid)), Document)

    def contains(
        self,
        catalog: Identifier,
        *,
        course_run_ids: Sequence[str] = (),
        program_uuids: Sequence[Identifier] = (),
    ) -> bool:
        """Whether the catalog holds any of these courses, runs and programs."""
        request = get(
            path(CATALOG + "/contains_content_items", catalog),
            course_run_ids=course_run_ids,
            program_uuids=program_uuids,
        )
        return (self._one(request, Containment)).contains_content_items

    def holding(
        self,
        *,
        course_run_ids: Sequence[str] = (),
        program_uuids: Sequence[Identifier] = (),
        enterprise: Identifier | None = None,
    ) -> list[str]:
        """The enterprise's catalogs that hold any of these, by their UUIDs."""
        request = get(
            path(OF_ENTERPRISE, self._enterprise(enterprise)),
            course_run_ids=course_run_ids,
            program_uuids=program_uuids,
            get_catalogs_containing_specified_content_ids=True,
        )
        return (self._one(request, Containment)).catalog_list or []

    def sync(
        self,
        catalog: Identifier,
        cursors: Cursors,
        *,
        afresh: bool = False,
        limit: int = 100,
    ) -> Iterator[Change]:
        """What to do with a copy: store what `Changed` holds, delete what `Removed` names.

        The cursor is saved after the last change was taken, so what is interrupted is repeated.
        `afresh` compares everything; do so after the server was upgraded.
        """
        name = f"catalog-{catalog}"
        reading = CatalogReading(
            catalog, CopyState.read(cursors.load(name)), limit=limit, afresh=afresh
        )
        while reading.request is not None:
            for change in reading.take(self._wire.send(reading.request)):
                yield change
        cursors.save(name, reading.state().text())
