"""Subscription plans over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar.clock import format_instant
from bursar.database.types import AnyRow
from bursar.pages import Page
from bursar.subscriptions.plans import queries
from bursar.subscriptions.plans.locking import locked_plan
from bursar.subscriptions.plans.rules import chain, days_until
from bursar.subscriptions.plans.views import LicenseCounts, PlanItem, PriorRenewal, RevocationCounts
from bursar.web.call import Answer, Call
from bursar.web.endpoint import Documentation, Endpoint, Link, Parameter
from bursar.web.pagination import next_link, previous_link, select_page
from bursar.web.parameters import ParameterReader

PATH: Final = "/enterprise/v1/subscriptions"
PAGE_SIZE: Final = 100


class PlanList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[PlanItem]


@dataclass(frozen=True, slots=True)
class PlanParameters:
    enterprise_uuid: UUID | None
    only_current: bool


def read_plan_parameters(reader: ParameterReader) -> PlanParameters:
    enterprise_uuid = reader.uuid("enterprise_customer_uuid")
    current = bool(reader.boolean("current"))
    if current and enterprise_uuid is None:
        message = "This parameter is required with current=true."
        reader.errors.setdefault("enterprise_customer_uuid", [message])
    return PlanParameters(enterprise_uuid, current)


def list_plans(call: Call, connection: Connection) -> Answer:
    wanted: PlanParameters = call.parameters
    page, rows = _plans(call, connection, wanted)
    chains = _Chains(connection, rows)
    content = PlanList(
        page.count,
        next_link(call.url, call.query, page),
        previous_link(call.url, call.query, page),
        [_plan_item(row, chains, call.now) for row in rows],
    )
    return Answer(content)


def _plans(
    call: Call, connection: Connection, wanted: PlanParameters
) -> tuple[Page, Sequence[AnyRow]]:
    """Raises InvalidPage. An enterprise that is not the client's is as one that is unknown."""
    enterprises = call.principal.enterprises
    named = wanted.enterprise_uuid
    if named is not None:
        enterprises = (named,) if named in call.principal.roles else ()
    if wanted.only_current:
        rows = queries.current_plan(connection, enterprises, call.now)
        return select_page(call.query, count=len(rows), size=PAGE_SIZE), rows
    offset, only_active = 0, named is not None
    if call.query.get("page") is not None:
        count = queries.plans_count(connection, enterprises, only_active=only_active)
        offset = select_page(call.query, count=count, size=PAGE_SIZE).start
    rows = queries.plans_page(
        connection, enterprises, only_active=only_active, offset=offset, limit=PAGE_SIZE
    )
    total = rows[0].total if rows else 0
    return select_page(call.query, count=total, size=PAGE_SIZE), rows


class _Chains:
    """The renewals around a page of plans, read in one statement."""

    def __init__(self, connection: Connection, rows: Sequence[AnyRow]) -> None:
        with_renewals = {row.enterprise_uuid for row in rows if row.has_renewals}
        found = queries.renewals(connection, sorted(with_renewals)) if with_renewals else ()
        self._forward = {row.plan_uuid: (row.renewed_plan_uuid, row) for row in found}
        self._back = {row.renewed_plan_uuid: (row.plan_uuid, row) for row in found}

    def last_expiration(self, plan: AnyRow) -> datetime:
        following = [row.expiration_date for row in chain(plan.uuid, self._forward)]
        last: datetime = [plan.expiration_date, *following][-1]
        return last

    def prior_renewals(self, plan: AnyRow) -> list[PriorRenewal]:
        """Oldest first."""
        found = [
            PriorRenewal(
                row.plan_uuid,
                str(row.prior_start),
                row.renewed_plan_uuid,
                str(row.renewed_start),
            )
            for row in chain(plan.uuid, self._back)
        ]
        return found[::-1]


def _plan_item(row: AnyRow, chains: _Chains, now: datetime) -> PlanItem:
    plan = locked_plan(row._mapping)
    seats, revocations = plan.seats, plan.revocations
    return PlanItem(
        title=row.title,
        uuid=row.uuid,
        start_date=format_instant(row.start_date),
        expiration_date=format_instant(row.expiration_date),
        enterprise_customer_uuid=row.enterprise_uuid,
        enterprise_catalog_uuid=row.enterprise_catalog_uuid,
        is_active=row.is_active,
        is_revocation_cap_enabled=row.is_revocation_cap_enabled,
        days_until_expiration=days_until(row.expiration_date, now),
        days_until_expiration_including_renewals=days_until(chains.last_expiration(row), now),
        is_locked_for_renewal_processing=plan.terms.is_locked(now),
        should_auto_apply_licenses=row.should_auto_apply_licenses,
        licenses=LicenseCounts(
            activated=seats.activated,
            assigned=seats.assigned,
            unassigned=seats.unassigned,
            revoked=seats.revoked,
            total=seats.total,
            allocated=seats.allocated,
        ),
        revocations=None
        if revocations is None
        else RevocationCounts(revocations.total, revocations.used, revocations.remaining),
        prior_renewals=chains.prior_renewals(row),
    )


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


def endpoints() -> list[Endpoint]:
    return [_list_plans()]


def _list_plans() -> Endpoint:
    return Endpoint(
        "GET",
        PATH,
        Documentation(
            "List the subscription plans",
            "The plan that starts last comes first. Inactive ones are left out when an enterprise "
            "is named.",
            "subscriptions",
            (
                Parameter(
                    "enterprise_customer_uuid",
                    "Only active plans of this enterprise.",
                    {"type": "string", "format": "uuid"},
                ),
                Parameter(
                    "current",
                    "With `true` only the plan that can be used now; needs an enterprise.",
                    {"type": "boolean"},
                ),
                Parameter("page", "A page number, or `last`.", {"type": "string"}),
            ),
            PlanList,
            _PLANS_EXAMPLE,
            refusals=(404,),
            links=(
                Link(
                    "List the licenses of a plan",
                    {"subscription_plan_uuid": "$response.body#/results/0/uuid"},
                ),
            ),
        ),
        read=list_plans,
        parameters=read_plan_parameters,
    )
