"""What the catalog endpoints declare."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec

from bursar.catalog.catalogs import queries, routes
from bursar.catalog.catalogs.views import CatalogList
from bursar.web.endpoint import Documentation, Endpoint, Link, Parameter

_TAG = "enterprise-catalogs"
_STRING = {"type": "string"}
_INTEGER = {"type": "integer", "minimum": 1}
_PAGE = Parameter("page", "A page number, or `last`.", _STRING)
_LINK = {"type": ["string", "null"], "format": "uri"}
_CONTENT = {"type": "object", "additionalProperties": True, "required": ["enrollment_url"]}
_UUID = {"type": "string", "format": "uuid"}
_REMOVED = {
    "type": "object",
    "required": ["content_type", "removed", "removed_at"],
    "properties": {
        "key": _STRING,
        "uuid": _UUID,
        "content_type": {"enum": ["course", "courserun", "program"]},
        "removed": {"const": True},
        "removed_at": {"type": "string", "format": "date-time"},
    },
}
_CONTENT_LIST = {
    "type": "object",
    "required": [
        "count", "next", "previous", "results", "uuid", "title", "enterprise_customer",
    ],
    "properties": {
        "count": {"type": "integer", "minimum": 0},
        "next": _LINK,
        "previous": _LINK,
        "results": {"type": "array", "items": _CONTENT},
        "uuid": _UUID,
        "title": _STRING,
        "enterprise_customer": _UUID,
        "removed": {"type": "array", "items": _REMOVED},
    },
    "additionalProperties": False,
}  # fmt: skip


@lru_cache(maxsize=8)
def reference_example(name: str) -> Any:
    """One of the three example documents of the API reference."""
    text = (files("bursar.catalog") / "examples" / f"{name}.json").read_bytes()
    return msgspec.json.decode(text)


def endpoints() -> list[Endpoint]:
    base = "/enterprise/v2/enterprise-catalogs"
    return [
        Endpoint(
            "GET",
            base,
            Documentation(
                "List the catalogs",
                "Every catalog that is available to the caller, oldest first.",
                _TAG,
                (
                    _PAGE,
                    Parameter("page_size", "Catalogs on a page, up to 100.", _INTEGER),
                    Parameter("enterprise_customer", "Only those of this enterprise.", _UUID),
                ),
                CatalogList,
                {
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
                },
                refusals=(400, 404),
                links=(
                    Link(
                        "List the content of a catalog",
                        {"catalog_id": "$response.body#/results/0/uuid"},
                    ),
                ),
            ),
            read=routes.list_catalogs,
            parameters=routes.read_list_parameters,
        ),
        Endpoint(
            "GET",
            base + "/{catalog_id:uuid}",
            Documentation(
                "List the content of a catalog",
                "Courses (and runs and programs) that are open for enrolment or will be. With "
                "`content_keys` or `updated_since` closed ones are listed too.",
                _TAG,
                (
                    _PAGE,
                    Parameter("limit", "Documents on a page, up to 1000.", _INTEGER),
                    Parameter("page_size", "The same as `limit`.", _INTEGER),
                    Parameter(
                        "content_keys",
                        "Only these keys; repeatable, up to 100.",
                        {"type": "array", "items": _STRING, "maxItems": 100},
                    ),
                    Parameter(
                        "updated_since",
                        "Only what changed after this instant, with what left the catalog since "
                        "in `removed`.",
                        {"type": "string", "format": "date-time"},
                    ),
                ),
                _CONTENT_LIST,
                None,
                refusals=(400, 404),
            ),
            owned=queries.CATALOG,
            read=routes.list_content,
            parameters=routes.read_content_parameters,
        ),
        Endpoint(
            "GET",
            base + "/{catalog_id:uuid}/courses/{course_key:path}",
            Documentation(
                "Get a course",
                "Whether it is listed or not, as long as it belongs to the catalog.",
                _TAG,
                (),
                _CONTENT,
                reference_example("course"),
                refusals=(404,),
            ),
            owned=queries.COURSE,
            read=routes.get_item,
        ),
        Endpoint(
            "GET",
            base + "/{catalog_id:uuid}/course-runs/{course_run_id:path}",
            Documentation(
                "Get a course run",
                "A run of its own, or one that a course of the catalog holds.",
                _TAG,
                (),
                _CONTENT,
                reference_example("course_run"),
                refusals=(404,),
            ),
            owned=queries.CATALOG,
            read=routes.get_run,
        ),
        Endpoint(
            "GET",
            base + "/{catalog_id:uuid}/programs/{program_uuid:uuid}",
            Documentation(
                "Get a program",
                "A program of the catalog, with its courses.",
                _TAG,
                (),
                _CONTENT,
                reference_example("program"),
                refusals=(404,),
            ),
            owned=queries.PROGRAM,
            read=routes.get_item,
        ),
    ]
