"""Subscription plans and their licenses."""

from datetime import datetime

from bursar_client.values import Record


class LicenseCounts(Record):
    activated: int = 0
    assigned: int = 0
    unassigned: int = 0
    revoked: int = 0
    total: int = 0
    allocated: int = 0


class RevocationCounts(Record):
    total: int | None = None
    used: int | None = None
    remaining: int | None = None


class PriorRenewal(Record):
    prior_subscription_plan_id: str
    prior_subscription_plan_start_date: datetime | None = None
    renewed_subscription_plan_id: str | None = None
    renewed_subscription_plan_start_date: datetime | None = None


class Plan(Record):
    uuid: str
    title: str
    enterprise_customer_uuid: str
    start_date: datetime | None = None
    expiration_date: datetime | None = None
    enterprise_catalog_uuid: str | None = None
    is_active: bool | None = None
    is_revocation_cap_enabled: bool | None = None
    days_until_expiration: int | None = None
    days_until_expiration_including_renewals: int | None = None
    is_locked_for_renewal_processing: bool | None = None
    should_auto_apply_licenses: bool | None = None
    licenses: LicenseCounts | None = None
    revocations: RevocationCounts | None = None
    prior_renewals: list[PriorRenewal] = []


class License(Record):
    uuid: str
    status: str
    user_email: str | None = None
    lms_user_id: int | None = None
    user_sfid: str | None = None
    subscription_plan_uuid: str | None = None
    assigned_date: datetime | None = None
    activation_date: datetime | None = None
    revoked_date: datetime | None = None


class StatusCount(Record):
    status: str
    count: int


class LicenseAssignment(Record):
    user_email: str
    license: str


class LicensesAssigned(Record):
    num_successful_assignments: int
    num_already_associated: int = 0
    license_assignments: list[LicenseAssignment] = []


class Revocation(Record):
    user_email: str
    license_uuid: str | None = None
    original_status: str | None = None


class FailedRevocation(Record):
    user_email: str
    error: str | None = None
    error_response_status: int | None = None


class Revocations(Record):
    successful_revocations: list[Revocation] = []
    unsuccessful_revocations: list[FailedRevocation] = []
