from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from bursar.catalog.catalogs.models import Catalog
from bursar.credit.states import AssignmentState, TransactionState
from bursar.database.base import Base
from bursar.database.columns import BIG_ID, SORTABLE
from bursar.identity.models import Enterprise

_PAYS: Final = text("state IN ('created', 'committed') AND NOT is_second_payment")
"""Which transactions hold the seat that they pay for; see `SubsidyTransaction`."""


def _one_of(column: str, names: type[AssignmentState] | type[TransactionState]) -> str:
    listed = ", ".join(f"'{name.value}'" for name in names)
    return f"{column} IN ({listed})"


class Subsidy(Base):
    """Credit that an enterprise bought. Its two totals change in the same transaction as the ledger
    and the assignments; `bursar check` compares them."""

    __tablename__ = "subsidies"
    __table_args__ = (
        Index(None, "enterprise_uuid", "created_at"),
        # Last line of defence: what is allocated never exceeds the balance.
        CheckConstraint(
            "allocated_cents >= 0 AND allocated_cents <= balance_cents", name="never_overspent"
        ),
        CheckConstraint("active_datetime < expiration_datetime", name="ends_after_it_begins"),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    title: Mapped[str]
    active_datetime: Mapped[datetime]
    expiration_datetime: Mapped[datetime]
    balance_cents: Mapped[int] = mapped_column(BigInteger)
    """The sum of its ledger."""
    allocated_cents: Mapped[int] = mapped_column(BigInteger)
    """Cents that are reserved by the assignments of all its policies."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]


class Policy(Base):
    """A budget: what may be spent from a subsidy within a catalog."""

    __tablename__ = "subsidy_access_policies"
    __table_args__ = (
        Index(None, "enterprise_uuid", "created_at", "uuid"),
        CheckConstraint(
            "policy_type IN ('AssignedLearnerCreditAccessPolicy',"
            " 'PerLearnerSpendCreditAccessPolicy', 'PerLearnerEnrollmentCreditAccessPolicy')",
            name="policy_type_known",
        ),
        CheckConstraint("redeemed_cents >= 0 AND allocated_cents >= 0", name="totals_not_negative"),
        CheckConstraint(
            "spend_limit >= 0 AND per_learner_spend_limit >= 0"
            " AND per_learner_enrollment_limit >= 0",
            name="limits_not_negative",
        ),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    policy_type: Mapped[str]
    display_name: Mapped[str | None]
    description: Mapped[str]
    active: Mapped[bool]
    retired: Mapped[bool]
    catalog_uuid: Mapped[UUID] = mapped_column(ForeignKey(Catalog.uuid), index=True)
    subsidy_uuid: Mapped[UUID] = mapped_column(ForeignKey(Subsidy.uuid), index=True)
    spend_limit: Mapped[int | None] = mapped_column(BigInteger)
    per_learner_enrollment_limit: Mapped[int | None] = mapped_column(BigInteger)
    per_learner_spend_limit: Mapped[int | None] = mapped_column(BigInteger)
    late_redemption_allowed_until: Mapped[datetime | None]
    allow_unknown_price: Mapped[bool] = mapped_column(server_default=false())
    """Whether content of which no canonical price is known can be assigned, at any price."""
    is_for_groups: Mapped[bool] = mapped_column(server_default=false())
    """Whether only members of its groups may spend it: it then has some. It stands here too, so
    that whoever has waited for the lock of the policy knows it."""
    redeemed_cents: Mapped[int] = mapped_column(BigInteger)
    """Cents: the negative sum of its ledger entries."""
    allocated_cents: Mapped[int] = mapped_column(BigInteger)
    """Cents of its allocated assignments, without those that are being redeemed."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]


class AssignmentConfiguration(Base):
    """What an assigned policy assigns through, and how many assignments it has in which state."""

    __tablename__ = "assignment_configurations"
    __table_args__ = (
        CheckConstraint(
            "notifying_count >= 0 AND waiting_count >= 0 AND failed_count >= 0"
            " AND accepted_count >= 0 AND cancelled_count >= 0 AND errored_count >= 0"
            " AND expired_count >= 0 AND reversed_count >= 0",
            name="counts_not_negative",
        ),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    policy_uuid: Mapped[UUID] = mapped_column(ForeignKey(Policy.uuid), unique=True)
    active: Mapped[bool]
    # Allocated assignments are counted by learner_state, the others by state, so that lists need
    # not count.
    notifying_count: Mapped[int] = mapped_column(BigInteger)
    waiting_count: Mapped[int] = mapped_column(BigInteger)
    failed_count: Mapped[int] = mapped_column(BigInteger)
    accepted_count: Mapped[int] = mapped_column(BigInteger)
    cancelled_count: Mapped[int] = mapped_column(BigInteger)
    errored_count: Mapped[int] = mapped_column(BigInteger)
    expired_count: Mapped[int] = mapped_column(BigInteger)
    reversed_count: Mapped[int] = mapped_column(BigInteger)


class SubsidyTransaction(Base):
    """One redemption: created -> committed or failed, committed -> reversed (see states.py)."""

    __tablename__ = "subsidy_transactions"
    __table_args__ = (
        CheckConstraint(_one_of("state", TransactionState), name="state_known"),
        CheckConstraint("quantity <= 0", name="quantity_not_positive"),
        Index(None, "policy_uuid", "learner_email"),
        Index(None, "policy_uuid", "lms_user_id"),
        Index(
            "ix_subsidy_transactions_under_way",
            "created_at",
            postgresql_where=text("state = 'created'"),
            sqlite_where=text("state = 'created'"),
        ),
        # An assignment has at most one redemption that is under way or has succeeded.
        Index(
            "uq_subsidy_transactions_assignment_uuid",
            "assignment_uuid",
            unique=True,
            postgresql_where=text("state IN ('created', 'committed')"),
            sqlite_where=text("state IN ('created', 'committed')"),
        ),
        # A seat is paid for once: by address, and by account where that is known.
        Index(
            "uq_subsidy_transactions_seat_of_address",
            "enterprise_uuid",
            "courserun_key",
            "learner_email",
            unique=True,
            postgresql_where=_PAYS,
            sqlite_where=_PAYS,
        ),
        Index(
            "uq_subsidy_transactions_seat_of_account",
            "enterprise_uuid",
            "courserun_key",
            "lms_user_id",
            unique=True,
            postgresql_where=_PAYS,
            sqlite_where=_PAYS,
        ),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), index=True)
    subsidy_uuid: Mapped[UUID] = mapped_column(ForeignKey(Subsidy.uuid), index=True)
    policy_uuid: Mapped[UUID] = mapped_column(ForeignKey(Policy.uuid))
    assignment_uuid: Mapped[UUID | None]
    """Null for the per-learner policies. The assignment names this transaction in return."""
    learner_email: Mapped[str] = mapped_column(SORTABLE)
    lms_user_id: Mapped[int | None] = mapped_column(BigInteger)
    content_key: Mapped[str]
    courserun_key: Mapped[str | None]
    """The run that the learner was enrolled in; null when there was none to enroll in."""
    quantity: Mapped[int] = mapped_column(BigInteger)
    """Minus the price in cents."""
    state: Mapped[str]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
    is_second_payment: Mapped[bool] = mapped_column(server_default=false())
    """Set by an upgrade alone: of what it found to stand beside an earlier payment for the same
    seat. The unique indexes pass over it, so that it stays until somebody decides."""


class LedgerEntry(Base):
    """An amount that was added or taken. Entries never change; a trigger prevents it."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint(
            "(kind = 'redemption' AND amount_cents <= 0)"
            " OR (kind IN ('deposit', 'reversal') AND amount_cents >= 0)"
            " OR (kind = 'adjustment' AND amount_cents <> 0)",
            name="sign_fits_kind",
        ),
        CheckConstraint(
            "(kind IN ('deposit', 'adjustment')) = (transaction_uuid IS NULL)"
            " AND (transaction_uuid IS NULL) = (policy_uuid IS NULL)",
            name="origin_named",
        ),
        Index(None, "transaction_uuid", "kind", unique=True),
        Index(None, "subsidy_uuid", "effective_at"),
        Index(None, "policy_uuid"),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), index=True)
    subsidy_uuid: Mapped[UUID] = mapped_column(ForeignKey(Subsidy.uuid))
    policy_uuid: Mapped[UUID | None] = mapped_column(ForeignKey(Policy.uuid))
    transaction_uuid: Mapped[UUID | None] = mapped_column(ForeignKey(SubsidyTransaction.uuid))
    kind: Mapped[str]
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    idempotency_key: Mapped[str | None]
    """By which the service that it was adopted from recognised a repeated request."""
    effective_at: Mapped[datetime]
    """The date of a deposit or an adjustment; for other entries, when they were written."""
    created_at: Mapped[datetime]


class LedgerAdjustment(Base):
    """Why an entry of the kind `adjustment` was made, and by whom. The words stand beside the
    ledger, because they can name a person, and the ledger never changes."""

    __tablename__ = "ledger_adjustments"

    entry_uuid: Mapped[UUID] = mapped_column(ForeignKey(LedgerEntry.uuid), primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), index=True)
    reason: Mapped[str]
    entered_by: Mapped[str]


class Assignment(Base):
    """Money reserved for one learner and one content. Code that changes it must hold the lock on
    its policy and change the totals too."""

    __tablename__ = "assignments"
    __table_args__ = (
        Index(
            "uq_assignments_learner_content",
            "configuration_uuid",
            "learner_email",
            "content_key",
            unique=True,
        ),
        Index(
            "ix_assignments_recent",
            "configuration_uuid",
            text("recent_action_at DESC"),
            "uuid",
        ),
        Index(
            "ix_assignments_learner_state", "configuration_uuid", "learner_state_sort_order", "uuid"
        ),
        Index("ix_assignments_quantity", "configuration_uuid", "content_quantity", "uuid"),
        # Both indexes have all three columns that allocation searches by. With fewer, PostgreSQL
        # would read every assignment of a content, or of a learner.
        Index("ix_assignments_content", "configuration_uuid", "content_key", "learner_email"),
        Index("ix_assignments_lms_user", "configuration_uuid", "lms_user_id", "content_key"),
        Index("ix_assignments_enterprise_email", "enterprise_uuid", "learner_email"),
        Index(
            "ix_assignments_expiring",
            "expires_at",
            postgresql_where=text("state = 'allocated'"),
            sqlite_where=text("state = 'allocated'"),
        ),
        Index(
            "ix_assignments_to_scrub",
            "allocated_at",
            postgresql_where=text("state IN ('cancelled', 'expired') AND scrubbed_at IS NULL"),
            sqlite_where=text("state IN ('cancelled', 'expired') AND scrubbed_at IS NULL"),
        ),
        CheckConstraint(_one_of("state", AssignmentState), name="state_known"),
        CheckConstraint("content_quantity <= 0", name="quantity_not_positive"),
        CheckConstraint(
            "(state NOT IN ('accepted', 'reversed') OR transaction_uuid IS NOT NULL)"
            " AND (state NOT IN ('cancelled', 'errored', 'expired') OR transaction_uuid IS NULL)",
            name="transaction_fits_state",
        ),
        CheckConstraint(
            "learner_state IN ('notifying', 'waiting', 'failed', 'expired')",
            name="learner_state_known",
        ),
        CheckConstraint(
            "expiry_reason IN ('NINETY_DAYS_PASSED', 'ENROLLMENT_DATE_PASSED', 'SUBSIDY_EXPIRED')",
            name="expiry_reason_known",
        ),
        CheckConstraint(
            "recent_action_type IN ('assigned', 'reminded')", name="recent_action_known"
        ),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    configuration_uuid: Mapped[UUID] = mapped_column(ForeignKey(AssignmentConfiguration.uuid))
    learner_email: Mapped[str] = mapped_column(SORTABLE)
    lms_user_id: Mapped[int | None] = mapped_column(BigInteger)
    content_key: Mapped[str] = mapped_column(SORTABLE)
    content_title: Mapped[str]
    content_quantity: Mapped[int] = mapped_column(BigInteger)
    """Minus the price in cents."""
    state: Mapped[str]
    transaction_uuid: Mapped[UUID | None] = mapped_column(ForeignKey(SubsidyTransaction.uuid))
    """The latest redemption. While the assignment is allocated, it is under way."""
    allocated_at: Mapped[datetime]
    """The instant of the last allocation."""
    expires_at: Mapped[datetime]
    expiry_reason: Mapped[str]
    recent_action_type: Mapped[str]
    recent_action_at: Mapped[datetime]
    learner_state: Mapped[str | None]
    learner_state_sort_order: Mapped[int]
    scrubbed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]


class AssignmentAction(Base):
    """What was done about an assignment, or tried; one row for an event, whatever its attempts."""

    __tablename__ = "assignment_actions"
    __table_args__ = (
        CheckConstraint(
            "action_type IN ('learner_linked', 'notified', 'reminded', 'redeemed', 'cancelled',"
            " 'expired', 'reversed')",
            name="action_type_known",
        ),
        CheckConstraint(
            "error_reason IN ('email_error', 'internal_api_error', 'enrollment_error')",
            name="error_reason_known",
        ),
        Index(None, "assignment_uuid", "id"),
        Index(None, "mail_uuid", unique=True),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    uuid: Mapped[UUID]
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), index=True)
    assignment_uuid: Mapped[UUID] = mapped_column(ForeignKey(Assignment.uuid))
    action_type: Mapped[str]
    mail_uuid: Mapped[UUID | None]
    """The mail whose attempts this action records. A later attempt finds the action by it."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    error_reason: Mapped[str | None]
