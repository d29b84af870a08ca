"""Plans and licenses that had their history in another service."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bursar.subscriptions.licenses.states import LicenseStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedPlan:
    uuid: UUID
    enterprise_uuid: UUID
    title: str
    start_date: datetime
    expiration_date: datetime
    enterprise_catalog_uuid: UUID
    is_active: bool
    is_revocation_cap_enabled: bool
    revoke_max_percentage: int
    should_auto_apply_licenses: bool
    wound_up_at: datetime | None
    """When the other service has ended the enrollments of the expired plan."""
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedLicense:
    uuid: UUID
    status: LicenseStatus
    user_email: str | None
    lms_user_id: int | None
    user_sfid: str | None
    activation_key: UUID | None
    renewed_from_uuid: UUID | None
    assigned_at: datetime | None
    activated_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedRenewal:
    plan_uuid: UUID
    renewed_plan_uuid: UUID
    enterprise_uuid: UUID
    title: str
    effective_date: datetime
    renewed_expiration_date: datetime
    number_of_licenses: int
    processed_at: datetime | None
    created_at: datetime
    modified_at: datetime


class AdoptionRefused(Exception):
    """What is adopted contradicts what is stored. The text says how."""
