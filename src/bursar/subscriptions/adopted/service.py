"""The front door of what is adopted from other services: plans, renewals, licenses.

Every function expects the caller's transaction.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.subscriptions.adopted.commands import (
    AdoptedLicense,
    AdoptedPlan,
    AdoptedRenewal,
    AdoptionRefused,
)
from bursar.subscriptions.adopted.licenses import BATCH, LicenseAdoption, find_licenses
from bursar.subscriptions.adopted.plans import counted, finish_plan, put_plan, put_renewal
from bursar.subscriptions.endings.unpaid import find_unpaid_of
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.plans.models import SubscriptionPlan

__all__ = [
    "AdoptedLicense",
    "AdoptedPlan",
    "AdoptedRenewal",
    "AdoptionRefused",
    "LicenseAdoption",
    "counted",
    "ended_seats",
    "find_licenses",
    "finish_plan",
    "put_plan",
    "put_renewal",
]


def ended_seats(session: Session, license_uuids: Collection[UUID]) -> dict[int, datetime]:
    """The ids of live enrollments that these licenses do not pay for any more, and since when."""
    unpaid = find_unpaid_of(session, list(license_uuids))
    ended = func.coalesce(
        License.revoked_at, SubscriptionPlan.wound_up_at, SubscriptionPlan.expiration_date
    )
    since: dict[UUID, datetime] = {}
    for batch in batched({seat.license_uuid for seat in unpaid}, BATCH):
        statement = (
            select(License.uuid, ended.label("at"))
            .join(SubscriptionPlan, SubscriptionPlan.uuid == License.plan_uuid)
            .where(is_any_of(session, License.uuid, batch))
        )
        since.update((row.uuid, row.at) for row in session.connection().execute(statement))
    return {seat.enrollment_id: since[seat.license_uuid] for seat in unpaid}
