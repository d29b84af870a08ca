"""The wire types against the examples of the API reference."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from bursar.api import assignments, policies
from bursar.api.assignments import ASSIGNMENTS_EXAMPLE, AssignmentList
from bursar.api.policies import POLICIES_EXAMPLE, PolicyList
from bursar.credit.assignments.rows import Record
from bursar.credit.assignments.views import assignment_item, assignment_list_item
from bursar.web.openapi.document import openapi_document

AT = datetime(2024, 8, 20, 11, 58, 34, 666249, tzinfo=UTC)
UUID_ = UUID("095be615-a8ad-4c33-8e9c-c7612fbf6c9f")
ROW = Record(
    uuid=UUID_,
    configuration_uuid=UUID_,
    learner_email="abc@example.com",
    lms_user_id=123123,
    content_key="edx+101",
    content_title="edX 101",
    content_quantity=-10000,
    state="allocated",
    transaction_uuid=None,
    allocated_at=AT,
    expires_at=AT,
    expiry_reason="NINETY_DAYS_PASSED",
    recent_action_type="assigned",
    recent_action_at=AT,
    learner_state="failed",
)
ACTION = Record(
    uuid=UUID_,
    created_at=AT,
    modified_at=AT,
    action_type="notified",
    completed_at=None,
    error_reason="email_error",
)


def shape(value: Any) -> Any:
    """Keys in their order, all the way down."""
    if isinstance(value, dict):
        return [(key, shape(inner)) for key, inner in value.items()]
    return [shape(inner) for inner in value] if isinstance(value, list) else None


def wire(value: object) -> Any:
    return json.loads(msgspec.json.encode(value))


@pytest.mark.parametrize(
    ("kind", "example"), [(PolicyList, POLICIES_EXAMPLE), (AssignmentList, ASSIGNMENTS_EXAMPLE)]
)
def test_the_references_example_comes_out_as_it_went_in(kind: type[Any], example: Any) -> None:
    again = wire(msgspec.convert(example, kind))
    assert again == example
    assert shape(again) == shape(example)


def test_an_allocated_assignment_is_as_the_reference_has_it() -> None:
    encoded = msgspec.json.encode(assignment_item(ROW, [])).decode()
    assert encoded == (
        f'{{"uuid":"{UUID_}","assignment_configuration":"{UUID_}",'
        '"learner_email":"abc@example.com","lms_user_id":123123,"content_key":"edx+101",'
        '"content_title":"edX 101","content_quantity":-10000,"state":"allocated",'
        '"transaction_uuid":null,"actions":[],"earliest_possible_expiration":'
        '{"date":"2024-08-20T11:58:34.666249Z","reason":"NINETY_DAYS_PASSED"}}'
    )


def test_a_listed_assignment_is_an_allocated_one_with_more() -> None:
    allocated, listed = assignment_item(ROW, [ACTION]), assignment_list_item(ROW, [ACTION])
    more = wire(listed)
    assert list(more)[:11] == list(wire(allocated))
    assert {name: more[name] for name in list(more)[:11]} == wire(allocated)
    assert shape(more) == shape(ASSIGNMENTS_EXAMPLE["results"][0])
    assert more["error_reason"] == "email_error"


def test_whole_dollars_are_numbers_with_a_fraction_as_in_the_reference() -> None:
    encoded = msgspec.json.encode(msgspec.convert(POLICIES_EXAMPLE, PolicyList))
    assert b'"amount_allocated_usd":2791.0,' in encoded


def test_the_endpoints_are_documented() -> None:
    document = openapi_document(
        [*policies.routes.endpoints, *assignments.listing.endpoints], version="1", public_url=""
    )
    schemas = document["components"]["schemas"]
    assert list(schemas["AssignmentListItem"]["properties"]) == list(
        ASSIGNMENTS_EXAMPLE["results"][0]
    )
