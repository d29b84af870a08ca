"""Whether catalogs hold some content, over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from sqlalchemy import Connection

from bursar.catalog.listings import service
from bursar.catalog.listings.owned import CATALOG, CatalogTarget
from bursar.reporting.owned import ENTERPRISE, ReportedEnterprise
from bursar.web.parameters import parse_uuid, plus_meant
from bursar.web.query import FLAG, Errors, Query, Repeatable, WrongValue, visible
from bursar.web.routes import Routes

routes: Final = Routes("enterprise-catalogs", from_standby=True)
OwnedCatalog: TypeAlias = Annotated[CatalogTarget, CATALOG]
OwnedEnterprise: TypeAlias = Annotated[ReportedEnterprise, ENTERPRISE]

MOST_KEYS: Final = 1_000


def _several(texts: Sequence[str]) -> list[str]:
    """By comma or by saying the parameter again."""
    found = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if len(found) > MOST_KEYS:
        raise WrongValue(f"Ensure this field has no more than {MOST_KEYS} elements.")
    return found


def _keys(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(visible(plus_meant(text)) for text in _several(texts))


def _programs(texts: Sequence[str]) -> tuple[str, ...]:
    """Raises ValueError."""
    return tuple(str(parse_uuid(text)) for text in _several(texts))


_KEYS: Final = Repeatable(_keys, schema={"type": "array", "items": {"type": "string"}})
_PROGRAMS: Final = Repeatable(
    _programs,
    "Enter a valid UUID.",
    {"type": "array", "items": {"type": "string", "format": "uuid"}},
)


class ContainsQuery(Query, frozen=True, kw_only=True):
    course_run_ids: Annotated[
        tuple[str, ...], _KEYS, "Keys of courses or runs; separated by commas, or repeated."
    ] = ()
    program_uuids: Annotated[
        tuple[str, ...], _PROGRAMS, "Programs; separated by commas, or repeated."
    ] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (*self.course_run_ids, *self.program_uuids)

    def problems(self) -> Errors:
        if not self.keys:
            return {"non_field_errors": ["Give course_run_ids or program_uuids."]}
        return {}


class CustomerContainsQuery(ContainsQuery, frozen=True, kw_only=True):
    get_catalogs_containing_specified_content_ids: Annotated[
        bool, FLAG, "With `true`, the answer has `catalog_list`."
    ] = False


class Containment(msgspec.Struct, frozen=True):
    contains_content_items: bool


class CustomerContainment(msgspec.Struct, frozen=True, omit_defaults=True):
    contains_content_items: bool
    catalog_list: list[str] | None = None
    """The UUIDs of the catalogs that hold it; left out unless it was asked for."""


_EXAMPLE: Final[dict[str, Any]] = {"contains_content_items": True}


@routes.get(
    "/enterprise/v2/enterprise-catalogs/{catalog_id:uuid}/contains_content_items",
    example=_EXAMPLE,
    statuses=(400,),
)
def contains(catalog: OwnedCatalog, query: ContainsQuery, connection: Connection) -> Containment:
    """Ask whether a catalog holds content

    Any of the courses, runs and programs, whether listed now or not. Beyond the reference.
    """
    holding = service.catalogs_containing(connection, catalog.enterprise_uuid, query.keys)
    return Containment(catalog.uuid in holding)


@routes.get(
    "/enterprise/v1/enterprise-customer/{enterprise_uuid:uuid}/contains_content_items",
    example=_EXAMPLE,
    statuses=(400,),
)
def customer_contains(
    enterprise: OwnedEnterprise, query: CustomerContainsQuery, connection: Connection
) -> CustomerContainment:
    """Ask whether an enterprise's catalogs hold content

    Any of the courses, runs and programs, in any of the catalogs. Beyond the reference.
    """
    holding = service.catalogs_containing(connection, enterprise.enterprise_uuid, query.keys)
    catalogs = [str(uuid) for uuid in holding]
    wanted = query.get_catalogs_containing_specified_content_ids
    return CustomerContainment(bool(catalogs), catalogs if wanted else None)
