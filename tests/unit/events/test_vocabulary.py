"""The table of public types, the classes that domains publish, the OpenAPI document and the page of
the reference say the same."""

from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from bursar.api.tags import ABOUT
from bursar.app import all_endpoints
from bursar.events.event import Event
from bursar.events.vocabulary import ALSO_KNOWN_AS, PUBLIC_TYPES
from bursar.vocabulary import EVENT_SCHEMA, classes_by_type, webhooks
from bursar.web.openapi.document import openapi_document
from testing.clients.openapi import JsonObject
from testing.paths import REPOSITORY

PAGE = REPOSITORY / "docs/reference/event-types.md"


@pytest.fixture(scope="module")
def document() -> JsonObject:
    return openapi_document(
        all_endpoints(),
        version="1",
        public_url="",
        about=ABOUT,
        webhooks=webhooks(),
        event=EVENT_SCHEMA,
    )


def test_every_public_class_is_in_the_table_and_the_reverse() -> None:
    assert classes_by_type().keys() == PUBLIC_TYPES.keys()


def test_no_two_objects_share_a_type_of_event_by_mistake() -> None:
    several = {name: len(kinds) for name, kinds in classes_by_type().items() if len(kinds) > 1}
    assert several.keys() <= {"job.finished"}


def test_a_class_that_is_public_without_a_type_of_its_data_is_a_defect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Vague(Event):
        type = "policy.retired"
        object_type = "policy"
        is_public = True

    monkeypatch.setattr(
        "bursar.vocabulary.classes_by_type", lambda: {**classes_by_type(), Vague.type: [Vague]}
    )
    with pytest.raises(TypeError, match="Vague"):
        webhooks()


def test_other_names_are_of_types_in_the_table() -> None:
    assert ALSO_KNOWN_AS.keys() <= PUBLIC_TYPES.keys()
    assert ALSO_KNOWN_AS["transaction.committed"] == (
        "org.openedx.enterprise.subsidy_ledger_transaction.committed.v1"
    )


def test_the_page_of_the_reference_is_the_table() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert lines == [
        f"| `{name}` | {each.summary} | {', '.join(f'`{kind.__name__}`' for kind in each.data)} |"
        for name, each in webhooks().items()
    ]


def test_the_document_has_a_webhook_for_every_type(document: JsonObject) -> None:
    assert list(document["webhooks"]) == list(PUBLIC_TYPES)
    assert "events" in {tag["name"] for tag in document["tags"]}
    operations = [item["post"] for item in document["webhooks"].values()]
    assert len({operation["operationId"] for operation in operations}) == len(PUBLIC_TYPES)
    assert all(operation["tags"] == ["events"] for operation in operations)


def test_a_webhook_describes_the_whole_event(document: JsonObject) -> None:
    schema = schema_of(document, "license.activated")
    event = {
        "id": f"evt_{'0' * 32}",
        "type": "license.activated",
        "timestamp": "2026-03-01T12:00:00Z",
        "enterprise_customer_uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
        "object": {"type": "license", "uuid": "66b5922b", "version": 2},
        "data": {"uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f"},
        "actor": {"kind": "client", "id": "acme"},
        "request_id": None,
        "cursor": "1",
    }
    wrong = sorted(error.json_path for error in validator(document, schema).iter_errors(event))
    assert wrong
    assert set(wrong) == {"$.data"}  # the only part that is not as its endpoint answers it
    told_wrong = {**event, "type": "license.revoked", "id": "evt_1"}
    paths = {error.json_path for error in validator(document, schema).iter_errors(told_wrong)}
    assert paths == {"$.data", "$.type", "$.id"}


def schema_of(document: JsonObject, name: str) -> JsonObject:
    content = document["webhooks"][name]["post"]["requestBody"]["content"]
    schema: JsonObject = content["application/json"]["schema"]
    return schema


def validator(document: JsonObject, schema: JsonObject) -> Any:
    whole = {**schema, "components": document["components"]}
    return Draft202012Validator(msgspec.json.decode(msgspec.json.encode(whole)))
