"""One license as its learner sees it, together with its plan."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.models import SubscriptionPlan
from bursar.subscriptions.plans.refusals import Unusable
from bursar.subscriptions.plans.rules import Terms, why_unusable

_license: Final = License.__table__
_plan: Final = SubscriptionPlan.__table__


@dataclass(frozen=True, slots=True)
class ClaimedLicense:
    uuid: UUID
    enterprise_uuid: UUID
    plan_uuid: UUID
    plan_title: str
    catalog_uuid: UUID
    user_email: str
    status: LicenseStatus
    assigned_at: datetime
    starts_at: datetime
    expires_at: datetime
    is_plan_active: bool

    def why_unusable(self, at: datetime) -> Unusable | None:
        """Of the plan."""
        return why_unusable(Terms(self.is_plan_active, self.starts_at, self.expires_at), at)


_BY_UUID: Final = (
    select(
        _license.c.uuid,
        _license.c.enterprise_uuid,
        _license.c.plan_uuid,
        _plan.c.title.label("plan_title"),
        _plan.c.enterprise_catalog_uuid.label("catalog_uuid"),
        _license.c.user_email,
        _license.c.status,
        _license.c.assigned_at,
        _plan.c.start_date.label("starts_at"),
        _plan.c.expiration_date.label("expires_at"),
        _plan.c.is_active.label("is_plan_active"),
    )
    .select_from(_license.join(_plan, _plan.c.uuid == _license.c.plan_uuid))
    .where(_license.c.uuid == bindparam("license_uuid"), _license.c.user_email.is_not(None))
)


def find_claimed(connection: Connection, license_uuid: UUID) -> ClaimedLicense | None:
    """Of whichever enterprise: who asks has a token for this very license. None while nobody was
    given it."""
    row = connection.execute(_BY_UUID, {"license_uuid": license_uuid}).mappings().one_or_none()
    if row is None:
        return None
    return ClaimedLicense(**{**row, "status": LicenseStatus(row["status"])})
