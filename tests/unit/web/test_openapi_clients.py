"""The document for generators of clients says the same, without what they stumble over."""

from typing import Any

import pytest

from bursar.api.content_schemas import content_schemas
from bursar.api.tags import ABOUT
from bursar.app import all_endpoints
from bursar.vocabulary import EVENT_SCHEMA
from bursar.web.openapi.clients import DOCUMENTS, for_clients
from bursar.web.openapi.document import openapi_document
from testing.clients.openapi import JsonObject, nodes


@pytest.fixture(scope="module")
def full() -> JsonObject:
    return openapi_document(
        all_endpoints(), version="1", public_url="", about=ABOUT, event=EVENT_SCHEMA
    )


@pytest.fixture(scope="module")
def made(full: JsonObject) -> JsonObject:
    return for_clients(full, content_schemas())


def test_it_has_the_same_operations(full: JsonObject, made: JsonObject) -> None:
    assert [(path, list(item)) for path, item in made["paths"].items()] == [
        (path, list(item)) for path, item in full["paths"].items()
    ]


def test_answers_are_json_alone(made: JsonObject) -> None:
    for path, item in made["paths"].items():
        for operation in item.values():
            for response in operation["responses"].values():
                kinds = set(response.get("content", {}))
                is_file = path.endswith(("/download", "/metrics", "/csv"))
                assert kinds <= {"application/json"} or is_file, (path, kinds)


def test_bodies_are_json_alone(full: JsonObject, made: JsonObject) -> None:
    def kinds(document: JsonObject) -> list[set[str]]:
        operations = [
            operation for item in document["paths"].values() for operation in item.values()
        ]
        return [set(each.get("requestBody", {}).get("content", {})) for each in operations]

    assert all("application/json" not in each or len(each) == 1 for each in kinds(made))
    assert {"application/json", "text/csv"} in kinds(full), "one that has both shows it"


def test_the_three_documents_are_named_and_typed(made: JsonObject) -> None:
    schemas = made["components"]["schemas"]
    assert schemas["Course"]["properties"]["title"] == {"type": ["string", "null"]}
    assert schemas["CourseRun"]["properties"]["start"]["format"] == "date-time"
    path = "/enterprise/v2/enterprise-catalogs/{catalog_id}"
    for rest, name in (
        ("/courses/{course_key}", "Course"),
        ("/course-runs/{course_run_id}", "CourseRun"),
        ("/programs/{program_uuid}", "Program"),
    ):
        answer = made["paths"][path + rest]["get"]["responses"]["200"]["content"]
        assert answer["application/json"]["schema"] == {"$ref": f"#/components/schemas/{name}"}
        assert schemas[name]["additionalProperties"] is True


def test_nothing_is_left_that_generators_stumble_over(made: JsonObject) -> None:
    assert "jsonSchemaDialect" not in made
    for node in nodes(made):
        assert DOCUMENTS not in node
        for choice in node.get("oneOf", []):
            assert "type" in choice or "$ref" in choice, node


def test_every_reference_leads_somewhere(made: JsonObject) -> None:
    for node in nodes(made):
        target = node.get("$ref")
        if isinstance(target, str):
            found: Any = made
            for key in target.removeprefix("#/").split("/"):
                found = found[key]


def test_the_full_document_stays_as_it_was(full: JsonObject) -> None:
    before = repr(full)
    for_clients(full, content_schemas())
    assert repr(full) == before


def test_every_tag_is_described(full: JsonObject) -> None:
    assert [tag["name"] for tag in full["tags"] if not tag.get("description")] == []
