"""Wire types, in the reference's key order."""

from uuid import UUID

import msgspec

from bursar.clock import format_instant
from bursar.database.types import AnyRow
from bursar.subscriptions.states import LicenseStatus


class LicenseCounts(msgspec.Struct, frozen=True):
    activated: int
    assigned: int
    unassigned: int
    revoked: int
    total: int
    allocated: int


class RevocationCounts(msgspec.Struct, frozen=True):
    total: int
    used: int
    remaining: int


class PriorRenewal(msgspec.Struct, frozen=True):
    prior_subscription_plan_id: UUID
    prior_subscription_plan_start_date: str
    renewed_subscription_plan_id: UUID
    renewed_subscription_plan_start_date: str


class PlanItem(msgspec.Struct, frozen=True):
    title: str
    uuid: UUID
    start_date: str
    expiration_date: str
    enterprise_customer_uuid: UUID
    enterprise_catalog_uuid: UUID
    is_active: bool
    is_revocation_cap_enabled: bool
    days_until_expiration: int
    days_until_expiration_including_renewals: int
    is_locked_for_renewal_processing: bool
    should_auto_apply_licenses: bool
    licenses: LicenseCounts
    revocations: RevocationCounts | None
    prior_renewals: list[PriorRenewal]


class PlanList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[PlanItem]


class LicenseItem(msgspec.Struct, frozen=True):
    uuid: UUID
    status: LicenseStatus
    user_email: str | None
    lms_user_id: int | None
    user_sfid: str | None
    subscription_plan_uuid: UUID
    assigned_date: str | None
    activation_date: str | None
    revoked_date: str | None


class LicenseList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[LicenseItem]


class LicenseAssignment(msgspec.Struct, frozen=True):
    user_email: str
    license: UUID


class AssignmentAnswer(msgspec.Struct, frozen=True):
    num_successful_assignments: int
    num_already_associated: int
    license_assignments: list[LicenseAssignment]


def license_item(row: AnyRow) -> LicenseItem:
    """Of a row with the columns of License."""
    dates = (row.assigned_at, row.activated_at, row.revoked_at)
    return LicenseItem(
        row.uuid,
        LicenseStatus(row.status),
        row.user_email,
        row.lms_user_id,
        row.user_sfid,
        row.plan_uuid,
        *(None if date is None else format_instant(date) for date in dates),
    )
