"""Plans as the API shows them, in the key order of the reference."""

from uuid import UUID

import msgspec


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
