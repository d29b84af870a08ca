"""The models of license-manager that are read."""

from typing import Final
from uuid import UUID

from bursar.adopting.shapes import AllFields, Instant, KnownFields, Shape
from bursar.emails import normalised

LIVE: Final = ("assigned", "activated")
STATUSES: Final = {
    "unassigned": "unassigned",
    "assigned": "assigned",
    "activated": "activated",
    "revoked": "revoked",
    "deactivated": "revoked",
}
"""What each status is here. Before September 2020 a revoked license was called deactivated."""


class AgreementFields(KnownFields, frozen=True, kw_only=True):
    enterprise_customer_uuid: UUID
    enterprise_customer_slug: str | None = None
    enterprise_customer_name: str | None = None
    default_enterprise_catalog_uuid: UUID | None = None


class PlanFields(AllFields, frozen=True, kw_only=True):
    title: str
    customer_agreement: UUID
    start_date: Instant
    expiration_date: Instant
    enterprise_catalog_uuid: UUID | None = None
    is_active: bool = False
    is_revocation_cap_enabled: bool = False
    revoke_max_percentage: int = 5
    num_revocations_applied: int = 0
    should_auto_apply_licenses: bool | None = None
    expiration_processed: bool = False
    desired_num_licenses: int | None = None
    salesforce_opportunity_id: str | None = None
    salesforce_opportunity_line_item: str | None = None
    netsuite_product_id: int | None = None
    product: int | None = None
    plan_type: int | None = None
    for_internal_use_only: bool = False
    can_freeze_unused_licenses: bool = False
    last_freeze_timestamp: Instant | None = None
    change_reason: str | None = None
    created: Instant
    modified: Instant


class RenewalFields(AllFields, frozen=True, kw_only=True):
    prior_subscription_plan: UUID
    renewed_subscription_plan: UUID | None = None
    number_of_licenses: int
    effective_date: Instant
    renewed_expiration_date: Instant
    processed: bool = False
    processed_datetime: Instant | None = None
    renewed_plan_title: str | None = None
    license_types_to_copy: str = "assigned_and_activated"
    disable_auto_apply_licenses: bool = False
    exempt_from_batch_processing: bool = False
    salesforce_opportunity_id: str | None = None
    created: Instant
    modified: Instant


class LicenseFields(AllFields, frozen=True, kw_only=True):
    status: str
    subscription_plan: UUID
    user_email: str | None = None
    lms_user_id: int | None = None
    assigned_date: Instant | None = None
    activation_date: Instant | None = None
    revoked_date: Instant | None = None
    activation_key: UUID | None = None
    last_remind_date: Instant | None = None
    renewed_to: UUID | None = None
    auto_applied: bool | None = None
    created: Instant
    modified: Instant


class LicenseSourceFields(KnownFields, frozen=True, kw_only=True):
    license: UUID
    source_id: str | None = None


def _live_address(fields: LicenseFields) -> str | None:
    if fields.status not in LIVE or not fields.user_email:
        return None
    return normalised(fields.user_email)


AGREEMENT: Final = Shape(
    "subscriptions.customeragreement",
    AgreementFields,
    parent=lambda fields: fields.enterprise_customer_uuid,
)
PLAN: Final = Shape(
    "subscriptions.subscriptionplan",
    PlanFields,
    parent=lambda fields: fields.customer_agreement,
    within=AGREEMENT.model,
)
RENEWAL: Final = Shape(
    "subscriptions.subscriptionplanrenewal",
    RenewalFields,
    pk=int,
    parent=lambda fields: fields.prior_subscription_plan,
    within=PLAN.model,
    link=lambda fields: fields.renewed_subscription_plan,
)
LICENSE: Final = Shape(
    "subscriptions.license",
    LicenseFields,
    parent=lambda fields: fields.subscription_plan,
    within=PLAN.model,
    link=lambda fields: fields.renewed_to,
    key=_live_address,
)
LICENSE_SOURCE: Final = Shape(
    "subscriptions.subscriptionlicensesource",
    LicenseSourceFields,
    pk=int,
    parent=lambda fields: fields.license,
    within=LICENSE.model,
)

SHAPES: Final = (AGREEMENT, PLAN, RENEWAL, LICENSE, LICENSE_SOURCE)
NOT_READ: Final = {
    "subscriptions.product": "what was sold stays in the books of the seller",
    "subscriptions.plantype": "what was sold stays in the books of the seller",
    "subscriptions.notification": "mails of the past are not sent again",
    "subscriptions.subscriptionlicensesourcetype": "a source is kept by its id",
    "subscriptions.licenseevent": "the past makes no news",
}
"""Why models are not read."""
