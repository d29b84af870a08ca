"""Subscription plans over HTTP."""

from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar.pages import PageRequest
from bursar.subscriptions.plans import service
from bursar.subscriptions.plans.commands import PlanSelection
from bursar.subscriptions.plans.owned import PLAN, PlanTarget
from bursar.subscriptions.plans.views import PlanItem
from bursar.web.endpoint import Link
from bursar.web.query import FLAG, IDENTIFIER, Errors, PageNumber, Query
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes

PAGE_SIZE: Final = 100
PATH: Final = "/enterprise/v1/subscriptions"
routes: Final = Routes("subscriptions", from_standby=True)
OwnedPlan: TypeAlias = Annotated[PlanTarget, PLAN]


class PlanListQuery(Query, frozen=True, kw_only=True):
    enterprise_customer_uuid: Annotated[
        UUID | None, IDENTIFIER, "Only active plans of this enterprise."
    ] = None
    current: Annotated[
        bool, FLAG, "With `true` only the plan that can be used now; needs an enterprise."
    ] = False
    page: PageNumber = 1

    def problems(self) -> Errors:
        if self.current and self.enterprise_customer_uuid is None:
            message = "This parameter is required with current=true."
            return {"enterprise_customer_uuid": [message]}
        return {}


class PlanList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[PlanItem]


_PLANS_EXAMPLE: Final[dict[str, Any]] = {
    "count": 1,
    "next": None,
    "previous": None,
    "results": [
        {
            "title": "Enterprise Subscription",
            "uuid": "104b1785-1d3a-1000-148d-1ae7a56e6355",
            "start_date": "2023-01-01T00:00:00Z",
            "expiration_date": "2024-01-01T00:00:00Z",
            "enterprise_customer_uuid": "204b1785-2d3a-2000-248d-2ae7a56e6355",
            "enterprise_catalog_uuid": "304b1785-3d3a-3000-348d-3ae7a56e6355",
            "is_active": True,
            "is_revocation_cap_enabled": True,
            "days_until_expiration": 365,
            "days_until_expiration_including_renewals": 365,
            "is_locked_for_renewal_processing": False,
            "should_auto_apply_licenses": True,
            "licenses": {
                "activated": 0,
                "assigned": 0,
                "unassigned": 100,
                "revoked": 0,
                "total": 100,
                "allocated": 0,
            },
            "revocations": {"total": 0, "used": 0, "remaining": 0},
            "prior_renewals": [
                {
                    "prior_subscription_plan_id": "4b27b24a-48f5-4266-448e-47d5b7deacb2",
                    "prior_subscription_plan_start_date": "2021-01-01 00:00:00+00:00",
                    "renewed_subscription_plan_id": "59f50cb8-4b22-4e21-9119-e0022955f9cb",
                    "renewed_subscription_plan_start_date": "2021-07-01 00:00:00+00:00",
                }
            ],
        }
    ],
}


@routes.get(
    PATH,
    example=_PLANS_EXAMPLE,
    statuses=(404,),
    links=(
        Link(
            "List the licenses of a plan",
            {"subscription_plan_uuid": "$response.body#/results/0/uuid"},
        ),
    ),
)
def list_plans(
    query: PlanListQuery, caller: Caller, request: HttpRequest, connection: Connection
) -> PlanList:
    """List the subscription plans

    The plan that starts last comes first. Inactive ones are left out when an enterprise is named.
    """
    named = query.enterprise_customer_uuid
    enterprises = caller.enterprises
    if named is not None:
        # An enterprise that is not the caller's is answered as an unknown one.
        enterprises = (named,) if caller.acts_for(named) else ()
    selection = PlanSelection(
        enterprises, only_active=named is not None, only_current=query.current
    )
    wanted = PageRequest(PAGE_SIZE, query.page)
    page, found = service.list_plans(connection, selection, wanted, at=request.now)
    return PlanList(page.count, request.next_link(page), request.previous_link(page), found)


@routes.get(f"{PATH}/{{subscription_plan_uuid:uuid}}", example=_PLANS_EXAMPLE["results"][0])
def show_plan(plan: OwnedPlan, request: HttpRequest, connection: Connection) -> PlanItem:
    """Get a subscription plan

    As in the list, whether or not it is active. Beyond the reference.
    """
    return service.show_plan(connection, plan.uuid, at=request.now)
