"""The models of enterprise-subsidy and of openedx-ledger in it that are read."""

from typing import Final, TypeAlias
from uuid import UUID

from bursar.adopting.shapes import AllFields, Instant, KnownFields, Shape

Metadata: TypeAlias = dict[str, object] | list[object] | str | None


class SubsidyFields(AllFields, frozen=True, kw_only=True):
    title: str | None = None
    starting_balance: int
    ledger: UUID | None = None
    unit: str = "usd_cents"
    reference_id: str | None = None
    reference_type: str | None = None
    enterprise_customer_uuid: UUID
    internal_only: bool = False
    revenue_category: str | None = None
    active_datetime: Instant | None = None
    expiration_datetime: Instant | None = None
    is_soft_deleted: bool = False
    created: Instant
    modified: Instant


class LedgerFields(KnownFields, frozen=True, kw_only=True):
    unit: str = "usd_cents"


class TransactionFields(AllFields, frozen=True, kw_only=True):
    ledger: UUID | None = None
    idempotency_key: str
    quantity: int
    state: str
    lms_user_id: int | None = None
    lms_user_email: str | None = None
    content_key: str | None = None
    parent_content_key: str | None = None
    content_title: str | None = None
    fulfillment_identifier: str | None = None
    subsidy_access_policy_uuid: UUID | None = None
    reference_id: str | None = None
    reference_type: str | None = None
    external_reference: list[object] | None = None
    metadata: Metadata = None
    created: Instant
    modified: Instant


class ReversalFields(AllFields, frozen=True, kw_only=True):
    transaction: UUID | None = None
    idempotency_key: str
    quantity: int
    state: str
    metadata: Metadata = None
    created: Instant
    modified: Instant


class AdjustmentFields(AllFields, frozen=True, kw_only=True):
    ledger: UUID
    adjustment_quantity: int
    transaction: UUID
    transaction_of_interest: UUID | None = None
    reason: str
    notes: str | None = None
    created: Instant
    modified: Instant


class DepositFields(AllFields, frozen=True, kw_only=True):
    ledger: UUID
    desired_deposit_quantity: int
    transaction: UUID
    sales_contract_reference_id: str | None = None
    sales_contract_reference_provider: int | None = None
    created: Instant
    modified: Instant


LEDGER: Final = Shape("openedx_ledger.ledger", LedgerFields)
SUBSIDY: Final = Shape(
    "subsidy.subsidy",
    SubsidyFields,
    parent=lambda fields: fields.enterprise_customer_uuid,
    link=lambda fields: fields.ledger,
)
TRANSACTION: Final = Shape(
    "openedx_ledger.transaction",
    TransactionFields,
    parent=lambda fields: fields.ledger,
    within=LEDGER.model,
    link=lambda fields: fields.lms_user_id,
)
REVERSAL: Final = Shape(
    "openedx_ledger.reversal",
    ReversalFields,
    parent=lambda fields: fields.transaction,
    within=TRANSACTION.model,
)
ADJUSTMENT: Final = Shape(
    "openedx_ledger.adjustment",
    AdjustmentFields,
    parent=lambda fields: fields.transaction,
    within=TRANSACTION.model,
)
DEPOSIT: Final = Shape(
    "openedx_ledger.deposit",
    DepositFields,
    parent=lambda fields: fields.transaction,
    within=TRANSACTION.model,
)

SHAPES: Final = (LEDGER, SUBSIDY, TRANSACTION, REVERSAL, ADJUSTMENT, DEPOSIT)
NOT_READ: Final = {
    "openedx_ledger.externaltransactionreference": "what other systems call a redemption",
    "openedx_ledger.externalfulfillmentprovider": "what other systems call a redemption",
    "openedx_ledger.salescontractreferenceprovider": "what was sold stays with the seller",
    "subsidy.enterprisesubsidyfeaturerole": "roles are given to clients here",
    "subsidy.enterprisesubsidyroleassignment": "roles are given to clients here",
}
"""Why models are not read."""
