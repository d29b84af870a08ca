"""Checks the counts of plans, that licenses and renewals belong to the enterprise of their plan,
and that licenses pay for the enrollments that name them."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.models import Catalog
from bursar.database.counts import wrong_counts
from bursar.subscriptions.endings.unpaid import TASK, find_unpaid
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan

_plans, _licenses = SubscriptionPlan.__table__, License.__table__
_renewals, _catalogs = PlanRenewal.__table__, Catalog.__table__
_COUNTED: Final[dict[str, ColumnElement[bool]]] = {
    **{f"{status.value}_count": _licenses.c.status == status.value for status in LicenseStatus},
    "revoked_activated_count": (_licenses.c.status == LicenseStatus.REVOKED.value)
    & _licenses.c.activated_at.is_not(None),
}
"""The condition on licenses that each column of a plan counts."""


def check_subscriptions(session: Session) -> Iterator[str]:
    """One line for each row that is wrong."""
    yield from _wrong_counts(session)
    yield from _unpaid_seats(session)
    for table, why, statement in _STRANGERS:
        for row in session.execute(statement):
            yield f"{table}: {row.uuid}: {why}"


def _unpaid_seats(session: Session) -> Iterator[str]:
    for seat in find_unpaid(session):
        what = "pays no more" if seat.is_license_known else "does not exist"
        yield (
            f"enrollments: {seat.enrollment_id}: license {seat.license_uuid}, which paid for it, "
            f"{what}; `bursar run {TASK}` ends it, and a bulk enrollment by another license "
            "enrolls the learner again"
        )


def _wrong_counts(session: Session) -> Iterator[str]:
    for uuid, name, stored, counted in wrong_counts(
        session, _plans, _licenses.c.plan_uuid, _COUNTED
    ):
        yield f"subscription_plans: {uuid}: {name} is {stored}, not {counted}"


_STRANGERS: Final[tuple[tuple[str, str, Select[Any]], ...]] = (
    (
        "licenses",
        "of another enterprise than its plan",
        select(_licenses.c.uuid)
        .join_from(_licenses, _plans, _plans.c.uuid == _licenses.c.plan_uuid)
        .where(_plans.c.enterprise_uuid != _licenses.c.enterprise_uuid),
    ),
    (
        "plan_renewals",
        "of another enterprise than its plan",
        select(_renewals.c.plan_uuid.label("uuid"))
        .join_from(_renewals, _plans, _plans.c.uuid == _renewals.c.plan_uuid)
        .where(_plans.c.enterprise_uuid != _renewals.c.enterprise_uuid),
    ),
    (
        "plan_renewals",
        "renewed into a plan of another enterprise",
        select(_renewals.c.plan_uuid.label("uuid"))
        .join_from(_renewals, _plans, _plans.c.uuid == _renewals.c.renewed_plan_uuid)
        .where(_plans.c.enterprise_uuid != _renewals.c.enterprise_uuid),
    ),
    (
        "plan_renewals",
        "processed, but there is no plan that follows",
        select(_renewals.c.plan_uuid.label("uuid"))
        .outerjoin_from(_renewals, _plans, _plans.c.uuid == _renewals.c.renewed_plan_uuid)
        .where(_renewals.c.processed_at.is_not(None), _plans.c.uuid.is_(None)),
    ),
    (
        "subscription_plans",
        "with a catalog of another enterprise",
        select(_plans.c.uuid)
        .join_from(_plans, _catalogs, _catalogs.c.uuid == _plans.c.enterprise_catalog_uuid)
        .where(_plans.c.enterprise_uuid != _catalogs.c.enterprise_uuid),
    ),
)
