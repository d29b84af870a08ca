"""What an operator declares about a plan, with the names of the manifest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Required, TypedDict
from uuid import UUID


class RenewalFields(TypedDict, total=False):
    """A declared renewal. Fields that are absent or None stay as they are."""

    uuid: Required[UUID]
    """The UUID of the plan that follows."""
    title: str | None
    effective_date: datetime | None
    renewed_expiration_date: datetime | None
    number_of_licenses: int | None


class PlanFields(TypedDict, total=False):
    """A declared plan. Absent fields stay as they are; None means the default."""

    title: str | None
    start_date: datetime | None
    expiration_date: datetime | None
    enterprise_catalog_uuid: UUID | None
    is_active: bool | None
    num_licenses: int | None
    is_revocation_cap_enabled: bool | None
    revoke_max_percentage: int | None
    should_auto_apply_licenses: bool | None
    is_locked_for_renewal_processing: bool | None
    renewals: Sequence[RenewalFields]
    """At most one renewal."""


@dataclass(frozen=True, slots=True)
class PutPlan:
    """Creates or changes a plan, the number of its licenses, and its renewal."""

    enterprise_uuid: UUID
    plan_uuid: UUID
    fields: PlanFields


@dataclass(frozen=True, slots=True)
class DeclaredRenewal:
    uuid: UUID
    title: str
    effective_date: datetime
    renewed_expiration_date: datetime
    number_of_licenses: int


@dataclass(frozen=True, slots=True)
class DeclaredPlan:
    """A plan as a manifest would declare it."""

    uuid: UUID
    title: str
    start_date: datetime
    expiration_date: datetime
    enterprise_catalog_uuid: UUID
    is_active: bool
    num_licenses: int
    is_revocation_cap_enabled: bool
    revoke_max_percentage: int
    should_auto_apply_licenses: bool
    is_locked_for_renewal_processing: bool
    renewals: Sequence[DeclaredRenewal]
    modified_at: datetime
