"""The front door of plans, which lists them. Declarations, renewals and endings have their own
front doors."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.clock import format_instant
from bursar.database.types import AnyRow
from bursar.events.event import Changes
from bursar.events.service import publish
from bursar.pages import Page, PageRequest
from bursar.subscriptions.plans import queries
from bursar.subscriptions.plans.commands import PlanSelection
from bursar.subscriptions.plans.events import PlanChanged, PlanCreated
from bursar.subscriptions.plans.locking import lock_enterprise_plans, plan_of_row
from bursar.subscriptions.plans.models import SubscriptionPlan
from bursar.subscriptions.plans.rules import chain, days_until
from bursar.subscriptions.plans.using import PlanUse, plan_uses
from bursar.subscriptions.plans.views import (
    LicenseCounts,
    PlanItem,
    PriorRenewal,
    RevocationCounts,
)

__all__ = [
    "PlanUse",
    "list_plans",
    "lock_enterprise_plans",
    "plan_uses",
    "show_plan",
    "tell_put",
]


def list_plans(
    connection: Connection, selection: PlanSelection, wanted: PageRequest, *, at: datetime
) -> tuple[Page, list[PlanItem]]:
    """A page of plans, the latest start first. Raises PageOutOfRange."""
    page, rows = _page_of_rows(connection, selection, wanted, at)
    chains = _Chains(connection, rows)
    return page, [_plan_item(row, chains, at) for row in rows]


def _page_of_rows(
    connection: Connection, selection: PlanSelection, wanted: PageRequest, at: datetime
) -> tuple[Page, Sequence[AnyRow]]:
    enterprises, only_active = selection.enterprises, selection.only_active
    if selection.only_current:
        rows = queries.current_plan(connection, enterprises, at)
        return wanted.within(len(rows)), rows
    offset = 0
    if not wanted.is_first:
        count = queries.count_plans(connection, enterprises, only_active=only_active)
        offset = wanted.within(count).start
    rows = queries.page_of_plans(
        connection, enterprises, only_active=only_active, offset=offset, limit=wanted.size
    )
    return wanted.within(rows[0].total if rows else 0), rows


def show_plan(connection: Connection, plan_uuid: UUID, *, at: datetime) -> PlanItem:
    """Raises NoResultFound."""
    row = queries.plan_row(connection, plan_uuid)
    return _plan_item(row, _Chains(connection, [row]), at)


def tell_put(
    session: Session,
    actor: Actor,
    plan: SubscriptionPlan,
    changes: Changes,
    at: datetime,
    *,
    is_new: bool,
) -> None:
    """Publishes that a plan was created or changed, as it is now."""
    event = (PlanCreated if is_new else PlanChanged)(
        object_id=plan.uuid,
        enterprise_uuid=plan.enterprise_uuid,
        changes=changes,
        data=show_plan(session.connection(), plan.uuid, at=at),
        is_first=is_new,
    )
    publish(session, actor, [event], at=at)


class _Chains:
    """The renewals of some plans, read in one statement, or in none if there are no plans."""

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
        """The renewals that led to the plan, oldest first."""
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


def _plan_item(row: AnyRow, chains: _Chains, at: datetime) -> PlanItem:
    plan = plan_of_row(row._mapping)
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
        days_until_expiration=days_until(row.expiration_date, at),
        days_until_expiration_including_renewals=days_until(chains.last_expiration(row), at),
        is_locked_for_renewal_processing=plan.terms.is_locked(at),
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
