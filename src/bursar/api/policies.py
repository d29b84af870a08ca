"""Policies over HTTP."""

from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar.credit.policies import service
from bursar.credit.policies.commands import PolicyPage, PolicySelection
from bursar.credit.policies.owned import POLICY, NamedPolicy
from bursar.credit.policies.views import PolicySummary
from bursar.credit.policy_types import POLICY_TYPES
from bursar.pages import PageRequest
from bursar.web.endpoint import Link
from bursar.web.query import FLAG, IDENTIFIER, PageNumber, Query, one_of, size_of_page
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes

PATH: Final = "/enterprise/v1/subsidy-access-policies"
routes: Final = Routes("subsidy-access-policies")
OwnedPolicy: TypeAlias = Annotated[NamedPolicy, POLICY]

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


class PolicyListQuery(Query, frozen=True, kw_only=True):
    enterprise_customer_uuid: Annotated[UUID, IDENTIFIER, "The enterprise."]
    active: Annotated[bool | None, FLAG, "Only active or only inactive ones."] = None
    policy_type: Annotated[str | None, one_of(POLICY_TYPES), "Only of this type."] = None
    page: PageNumber = 1
    page_size: Annotated[
        int, size_of_page(default=10, maximum=100), "Policies on a page, up to 100."
    ] = 10

    def selection(self) -> PolicySelection:
        return PolicySelection(
            self.enterprise_customer_uuid,
            (False, True) if self.active is None else (self.active,),
            POLICY_TYPES if self.policy_type is None else (self.policy_type,),
        )


class PolicyList(msgspec.Struct, frozen=True):
    next: str | None
    previous: str | None
    count: int
    num_pages: int
    current_page: int
    start: int
    results: list[PolicySummary]


@routes.get(
    PATH,
    example=POLICIES_EXAMPLE,
    statuses=(404,),
    links=(
        Link(
            "List the assignments of a configuration",
            {
                "assignment_configuration_uuid": "$response.body"
                "#/results/0/assignment_configuration/uuid"
            },
        ),
    ),
)
def list_policies(
    query: PolicyListQuery, caller: Caller, request: HttpRequest, connection: Connection
) -> PolicyList:
    """List the policies of an enterprise

    Budgets, newest first: what they may spend, have spent and have promised.
    """
    wanted = PageRequest(query.page_size, query.page)
    if caller.acts_for(query.enterprise_customer_uuid):
        found = service.list_policies(connection, query.selection(), wanted, request.now)
    else:
        # An enterprise that is not the client's is answered as one that is unknown.
        found = PolicyPage(wanted.within(0), [])
    page = found.page
    return PolicyList(
        next=request.next_link(page),
        previous=request.previous_link(page),
        count=page.count,
        num_pages=page.pages,
        current_page=page.number,
        start=page.start,
        results=list(found.policies),
    )


@routes.get(f"{PATH}/{{policy_uuid:uuid}}", example=POLICIES_EXAMPLE["results"][0])
def show_policy(policy: OwnedPolicy, request: HttpRequest, connection: Connection) -> PolicySummary:
    """Get a policy

    As in the list, retired or not. Beyond the reference.
    """
    return service.find_summary(connection, policy.uuid, request.now)
