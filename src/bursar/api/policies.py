"""The list of policies over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from bursar.credit.policies import queries
from bursar.credit.policies.queries import PolicySelection
from bursar.credit.policies.views import PolicySummary, policy_summary
from bursar.credit.policy_types import POLICY_TYPES
from bursar.database.types import AnyRow
from bursar.pages import Page
from bursar.web.call import Answer, Call
from bursar.web.endpoint import Documentation, Endpoint, Link, Parameter
from bursar.web.pagination import next_link, page_size, previous_link, select_page
from bursar.web.parameters import ParameterReader


def endpoints() -> list[Endpoint]:
    return [_list_policies()]


class PolicyList(msgspec.Struct, frozen=True):
    next: str | None
    previous: str | None
    count: int
    num_pages: int
    current_page: int
    start: int
    results: list[PolicySummary]


@dataclass(frozen=True, slots=True)
class PolicyParameters:
    selection: PolicySelection
    size: int


def read_policy_parameters(reader: ParameterReader) -> PolicyParameters:
    name = "enterprise_customer_uuid"
    enterprise = reader.uuid(name)
    if enterprise is None:
        reader.errors.setdefault(name, ["This field is required."])
    active = reader.boolean("active")
    policy_type = reader.read(
        "policy_type", _policy_type, f"Must be one of: {', '.join(POLICY_TYPES)}."
    )
    selection = PolicySelection(
        enterprise,
        (False, True) if active is None else (active,),
        POLICY_TYPES if policy_type is None else (policy_type,),
    )
    size = page_size(reader.query, ("page_size",), default=10, maximum=100)
    return PolicyParameters(selection, size)


def _policy_type(text: str) -> str:
    if text not in POLICY_TYPES:
        raise ValueError(text)
    return text


def list_policies(call: Call, connection: Connection) -> Answer:
    page, rows = _policies(call, connection, call.parameters)
    content = PolicyList(
        next=next_link(call.url, call.query, page),
        previous=previous_link(call.url, call.query, page),
        count=page.count,
        num_pages=page.pages,
        current_page=page.number,
        start=page.start,
        results=[policy_summary(row, call.now) for row in rows],
    )
    return Answer(content)


def _policies(
    call: Call, connection: Connection, wanted: PolicyParameters
) -> tuple[Page, Sequence[AnyRow]]:
    """Raises InvalidPage. An enterprise that is not the client's is as one that is unknown."""
    if wanted.selection.enterprise_uuid not in call.principal.roles:
        return select_page(call.query, count=0, size=wanted.size), ()
    offset = 0
    if call.query.get("page") is not None:
        count = queries.policies_count(connection, wanted.selection)
        offset = select_page(call.query, count=count, size=wanted.size).start
    rows = queries.policies_page(connection, wanted.selection, offset, wanted.size)
    return select_page(call.query, count=rows[0].total if rows else 0, size=wanted.size), rows


_STRING: Final = {"type": "string"}
_UUID: Final = {"type": "string", "format": "uuid"}
_SIZE: Final = {"type": "integer", "minimum": 1}
_PAGE: Final = Parameter("page", "A page number, or `last`.", _STRING)


def _list_policies() -> Endpoint:
    return Endpoint(
        "GET",
        "/enterprise/v1/subsidy-access-policies",
        Documentation(
            "List the policies of an enterprise",
            "Budgets, newest first: what they may spend, have spent and have promised.",
            "subsidy-access-policies",
            (
                Parameter("enterprise_customer_uuid", "The enterprise.", _UUID, required=True),
                Parameter("active", "Only active or only inactive ones.", {"type": "boolean"}),
                Parameter("policy_type", "Only of this type.", {"enum": list(POLICY_TYPES)}),
                _PAGE,
                Parameter("page_size", "Policies on a page, up to 100.", _SIZE),
            ),
            PolicyList,
            POLICIES_EXAMPLE,
            refusals=(404,),
            links=(
                Link(
                    "List the assignments of a configuration",
                    {
                        "assignment_configuration_uuid": "$response.body"
                        "#/results/0/assignment_configuration/uuid"
                    },
                ),
            ),
        ),
        read=list_policies,
        parameters=read_policy_parameters,
    )


POLICIES_EXAMPLE: Final[dict[str, Any]] = {
    "next": None,
    "previous": None,
    "count": 1,
    "num_pages": 1,
    "current_page": 1,
    "start": 0,
    "results": [
        {
            "uuid": "7f344aea-c28c-4ef0-95e6-fb6e58f98495",
            "policy_type": "AssignedLearnerCreditAccessPolicy",
            "display_name": "Assignable Budget ALC General Testing",
            "description": "Budget for general Assigned LC Testing",
            "active": True,
            "retired": False,
            "enterprise_customer_uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
            "catalog_uuid": "101989c0-5dfa-4e0b-91dc-01f590148c6f",
            "subsidy_uuid": "1b6c28b4-2f17-4b18-bbde-b32930e2705c",
            "access_method": "assigned",
            "per_learner_enrollment_limit": None,
            "per_learner_spend_limit": None,
            "spend_limit": 100000000,
            "subsidy_active_datetime": "2023-11-15T20:16:59Z",
            "subsidy_expiration_datetime": "2025-11-15T20:17:01Z",
            "is_subsidy_active": True,
            "aggregates": {
                "amount_redeemed_usd_cents": 181450,
                "amount_redeemed_usd": 1814.5,
                "amount_allocated_usd_cents": 279100,
                "amount_allocated_usd": 2791.0,
                "spend_available_usd_cents": 99539450,
                "spend_available_usd": 995394.5,
            },
            "assignment_configuration": {
                "uuid": "6fc7ef56-d1c4-4aa8-a649-e6eb209f7668",
                "subsidy_access_policy": "7f344aea-c28c-4ef0-95e6-fb6e58f98495",
                "enterprise_customer_uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
                "active": True,
            },
            "group_associations": [],
            "late_redemption_allowed_until": None,
            "is_late_redemption_allowed": False,
        }
    ],
}
