"""The catalog endpoints of the reference: `/enterprise/v2/enterprise-catalogs...`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Final, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar.api.catalog_answers import CatalogReader, CatalogServices, Conditional
from bursar.catalog.catalogs import service as catalogs
from bursar.catalog.catalogs.views import CatalogSummary
from bursar.catalog.listings import service as listings
from bursar.catalog.listings.commands import Selection
from bursar.catalog.listings.owned import CATALOG, COURSE, PROGRAM, CatalogItemTarget, CatalogTarget
from bursar.pages import PageRequest
from bursar.web.call import Answer
from bursar.web.endpoint import Link
from bursar.web.errors import NotFound
from bursar.web.openapi.clients import DOCUMENTS
from bursar.web.parameters import plus_meant
from bursar.web.query import (
    IDENTIFIER,
    INSTANT,
    PageNumber,
    Query,
    Repeatable,
    WrongValue,
    size_of_page,
    visible,
)
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes

routes: Final = Routes("enterprise-catalogs", from_standby=True)
OwnedCatalog: TypeAlias = Annotated[CatalogTarget, CATALOG]
OwnedCourse: TypeAlias = Annotated[CatalogItemTarget, COURSE]
OwnedProgram: TypeAlias = Annotated[CatalogItemTarget, PROGRAM]

MAX_CONTENT_KEYS: Final = 100
_ROOT: Final = "/enterprise/v2/enterprise-catalogs"
_STRING: Final = {"type": "string"}
_UUID: Final = {"type": "string", "format": "uuid"}
_LINK: Final = {"type": ["string", "null"], "format": "uri"}
_CONTENT: Final = {
    "type": "object",
    "additionalProperties": True,
    "required": ["enrollment_url"],
}
# A learner pathway has no enrollment_url.
_LISTED: Final[Mapping[str, object]] = {
    "type": "object",
    "additionalProperties": True,
    DOCUMENTS: ["Course", "CourseRun", "Program"],
}
_REMOVED: Final = {
    "type": "object",
    "required": ["content_type", "removed", "removed_at", "reason"],
    "properties": {
        "key": _STRING,
        "uuid": _UUID,
        "content_type": {"enum": ["course", "courserun", "program", "learnerpathway"]},
        "removed": {"const": True},
        "removed_at": {"type": "string", "format": "date-time"},
        "reason": {"enum": ["filtered", "deleted", "unpublished", "closed"]},
    },
}


def _document(*kinds: str) -> Mapping[str, object]:
    """Of these kinds: an open object here, and typed for generators of clients."""
    return {**_CONTENT, DOCUMENTS: list(kinds)}


_CONTENT_LIST: Final = {
    "type": "object",
    "required": [
        "count", "next", "previous", "results", "uuid", "title", "enterprise_customer",
    ],
    "properties": {
        "count": {"type": "integer", "minimum": 0},
        "next": _LINK,
        "previous": _LINK,
        "results": {"type": "array", "items": _LISTED},
        "uuid": _UUID,
        "title": _STRING,
        "enterprise_customer": _UUID,
        "removed": {"type": "array", "items": _REMOVED},
    },
    "additionalProperties": False,
}  # fmt: skip
_LIST_EXAMPLE: Final = {
    "count": 1,
    "next": None,
    "previous": None,
    "results": [
        {
            "uuid": "101989c0-5dfa-4e0b-91dc-01f590148c6f",
            "title": "All courses",
            "enterprise_customer": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
            "catalog_query_uuid": "6d6b5f9e-3b3f-5f0e-9d2b-6b1b0f6f9f0a",
            "content_last_modified": "2026-11-01T08:00:00Z",
            "catalog_modified": "2026-11-01T08:00:00Z",
            "query_title": "All courses",
            "include_exec_ed_2u_courses": False,
        }
    ],
}


@lru_cache(maxsize=8)
def reference_example(name: str) -> object:
    """One of the three example documents of the API reference."""
    text = (files("bursar.api") / "examples" / f"{name}.json").read_bytes()
    return msgspec.json.decode(text)


def _content_keys(texts: Sequence[str]) -> tuple[str, ...]:
    if len(texts) > MAX_CONTENT_KEYS:
        raise WrongValue(f"Ensure this field has no more than {MAX_CONTENT_KEYS} elements.")
    return tuple(visible(plus_meant(text)) for text in texts)


class CatalogListQuery(Query, frozen=True, kw_only=True):
    page: PageNumber = 1
    page_size: Annotated[
        int, size_of_page(default=10, maximum=100), "Catalogs on a page, up to 100."
    ] = 10
    enterprise_customer: Annotated[UUID | None, IDENTIFIER, "Only those of this enterprise."] = None


class CatalogContentQuery(Query, frozen=True, kw_only=True):
    page: PageNumber = 1
    limit: Annotated[
        int | None, size_of_page(default=20, maximum=1000), "Documents on a page, up to 1000."
    ] = None
    page_size: Annotated[int, size_of_page(default=20, maximum=1000), "The same as `limit`."] = 20
    content_keys: Annotated[
        tuple[str, ...],
        Repeatable(
            _content_keys,
            schema={"type": "array", "items": _STRING, "maxItems": MAX_CONTENT_KEYS},
        ),
        "Only these keys; repeatable, up to 100.",
    ] = ()
    updated_since: Annotated[
        datetime | None,
        INSTANT,
        "Only what changed after this instant: the X-Next-Updated-Since of an earlier answer. "
        "What is not listed any more is in `removed`.",
    ] = None


class CatalogList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[CatalogSummary]


@routes.get(
    _ROOT,
    example=_LIST_EXAMPLE,
    statuses=(400, 404),
    links=(
        Link(
            "List the content of a catalog",
            {"catalog_id": "$response.body#/results/0/uuid"},
        ),
    ),
)
def list_catalogs(
    query: CatalogListQuery,
    caller: Caller,
    request: HttpRequest,
    services: CatalogServices,
    connection: Connection,
) -> Answer[CatalogList]:
    """List the catalogs

    Every catalog that is available to the caller, oldest first.
    """
    enterprises = caller.enterprises
    if query.enterprise_customer is not None:
        enterprises = tuple(uuid for uuid in enterprises if uuid == query.enterprise_customer)
    wanted = PageRequest(query.page_size, query.page)
    found = catalogs.catalogs_of(connection, enterprises, wanted, request.now)
    content = CatalogList(
        found.page.count,
        request.next_link(found.page),
        request.previous_link(found.page),
        found.results,
    )
    return Conditional(request, services.pages).of_bytes(
        msgspec.json.encode(content), found.last_change
    )


@routes.get(
    _ROOT + "/{catalog_id:uuid}",
    schema=_CONTENT_LIST,
    statuses=(400, 404),
    headers=("X-Next-Updated-Since",),
)
def list_content(
    catalog: OwnedCatalog,
    query: CatalogContentQuery,
    request: HttpRequest,
    services: CatalogServices,
    connection: Connection,
) -> Answer[bytes]:
    """List the content of a catalog

    Courses (and runs and programs) that are open for enrollment or will be. With `content_keys`
    closed ones are listed too.
    """
    reader = CatalogReader(catalog, request, services, connection)
    wanted = PageRequest(query.limit or query.page_size, query.page)
    if not query.content_keys and query.updated_since is None:
        return reader.all(wanted)
    return reader.selected(wanted, Selection(query.content_keys, query.updated_since, request.now))


@routes.get(
    _ROOT + "/{catalog_id:uuid}/courses/{course_key:path}",
    schema=_document("Course"),
    example=reference_example("course"),
    statuses=(400, 404),
)
def get_course(
    course: OwnedCourse,
    request: HttpRequest,
    services: CatalogServices,
    connection: Connection,
) -> Answer[bytes]:
    """Get a course

    Whether it is listed or not, as long as it belongs to the catalog.
    """
    return CatalogReader(course, request, services, connection).item(
        course.content_id, course.body_hash
    )


@routes.get(
    _ROOT + "/{catalog_id:uuid}/course-runs/{course_run_id:path}",
    schema=_document("CourseRun"),
    example=reference_example("course_run"),
    statuses=(400, 404),
)
def get_course_run(
    catalog: OwnedCatalog,
    course_run_id: str,
    request: HttpRequest,
    services: CatalogServices,
    connection: Connection,
) -> Answer[bytes]:
    """Get a course run

    A run of its own, or one that a course of the catalog holds.
    """
    run = listings.find_run(connection, catalog, course_run_id)
    if run is None:
        raise NotFound
    return CatalogReader(catalog, request, services, connection).item(
        run.content_id, run.body_hash, course_run_id if run.is_nested else None
    )


@routes.get(
    _ROOT + "/{catalog_id:uuid}/programs/{program_uuid:uuid}",
    schema=_document("Program"),
    example=reference_example("program"),
    statuses=(404,),
)
def get_program(
    program: OwnedProgram,
    request: HttpRequest,
    services: CatalogServices,
    connection: Connection,
) -> Answer[bytes]:
    """Get a program

    A program of the catalog, with its courses.
    """
    return CatalogReader(program, request, services, connection).item(
        program.content_id, program.body_hash
    )
