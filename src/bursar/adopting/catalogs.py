"""The catalogs of an enterprise, each with its query.

Both edx-enterprise and enterprise-catalog have them. The second serves them, so it counts where
both are in the files.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec

from bursar.adopting import edx_enterprise, enterprise_catalog
from bursar.adopting.edx_enterprise import Filter
from bursar.adopting.run import EnterpriseRun
from bursar.catalog.catalogs import service as catalogs
from bursar.catalog.catalogs.commands import PutCatalog
from bursar.catalog.catalogs.refusals import CatalogOfAnotherEnterprise
from bursar.catalog.filters.refusals import FilterError


@dataclass(frozen=True, slots=True)
class _Catalog:
    uuid: UUID
    name: str
    title: str
    query_title: str | None
    content_filter: Filter
    include_exec_ed: bool


def adopt_catalogs(run: EnterpriseRun) -> None:
    for catalog in _catalogs(run):
        _put(run, catalog)


def ensure_catalog(run: EnterpriseRun, uuid: UUID | None, needed_by: str) -> bool:
    """Whether the enterprise has the catalog that something needs, which a choice may make."""
    owner = None if uuid is None else catalogs.enterprises_of(run.session, [uuid]).get(uuid)
    if owner == run.enterprise_uuid:
        return True
    if owner is not None:
        text = f"{needed_by}: the catalog {uuid} belongs to another enterprise"
        run.findings.obstacle("catalog", text)
        return False
    text = f"{needed_by}: the catalog {uuid} is in no file, nor here"
    if run.findings.decide("missing_catalog", uuid, text) != "make_empty" or uuid is None:
        return False
    _put(run, _Catalog(uuid, needed_by, "", None, None, include_exec_ed=False))
    return True


def _catalogs(run: EnterpriseRun) -> Iterator[_Catalog]:
    served = {catalog.uuid: catalog for catalog in _served(run)}
    yield from served.values()
    yield from (catalog for catalog in _configured(run) if catalog.uuid not in served)


def _served(run: EnterpriseRun) -> Iterator[_Catalog]:
    for catalog in run.staging.of(enterprise_catalog.CATALOG, run.enterprise_uuid):
        pk = catalog.fields.catalog_query
        query = None if pk is None else run.staging.get(enterprise_catalog.CATALOG_QUERY, pk)
        yield _Catalog(
            catalog.uuid,
            catalog.name,
            catalog.fields.title,
            None if query is None else query.fields.title,
            # Without a query it serves nothing.
            None if query is None else query.fields.content_filter,
            include_exec_ed=query is not None and query.fields.include_exec_ed_2u_courses,
        )


def _configured(run: EnterpriseRun) -> Iterator[_Catalog]:
    for catalog in run.staging.of(edx_enterprise.CATALOG, run.enterprise_uuid):
        pk = catalog.fields.enterprise_catalog_query
        query = None if pk is None else run.staging.get(edx_enterprise.CATALOG_QUERY, pk)
        yield _Catalog(
            catalog.uuid,
            catalog.name,
            catalog.fields.title,
            None if query is None else query.fields.title,
            catalog.fields.content_filter if query is None else query.fields.content_filter,
            include_exec_ed=query is not None and query.fields.include_exec_ed_2u_courses,
        )


def _put(run: EnterpriseRun, catalog: _Catalog) -> None:
    command = PutCatalog(
        enterprise_uuid=run.enterprise_uuid,
        catalog_uuid=catalog.uuid,
        title=catalog.title,
        query_title=catalog.query_title,
        include_exec_ed_2u_courses=catalog.include_exec_ed,
        content_filter=_filter(run, catalog),
    )
    try:
        with run.session.begin_nested():
            _store(run, command)
    except FilterError as error:
        text = f"{catalog.name}: its filter is not understood here: {error}"
        if run.findings.decide("catalog_filter", catalog.uuid, text) == "make_empty":
            _store(run, replace(command, content_filter=None))
    except CatalogOfAnotherEnterprise:
        text = f"{catalog.name}: belongs to another enterprise here"
        run.findings.obstacle("catalog", text)


def _filter(run: EnterpriseRun, catalog: _Catalog) -> dict[str, Any] | None:
    said = catalog.content_filter
    if not isinstance(said, str):
        return said
    try:
        return msgspec.json.decode(said, type=dict[str, Any] | None)
    except msgspec.MsgspecError as error:
        text = f"{catalog.name}: its filter is no JSON object: {error}"
        run.findings.decide("catalog_filter", catalog.uuid, text)
        return None


def _store(run: EnterpriseRun, command: PutCatalog) -> None:
    outcome = catalogs.put_catalog(
        run.session,
        run.actor,
        command,
        refresh_inline_limit=run.refresh_inline_limit,
        at=run.at,
    )
    run.tally.add("catalogs", outcome)
