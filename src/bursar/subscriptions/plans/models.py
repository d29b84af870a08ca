from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bursar.catalog.catalogs.models import Catalog
from bursar.database.base import Base
from bursar.identity.models import Enterprise

_UNPROCESSED: Final = text("processed_at IS NULL")
_NOT_WOUND_UP: Final = text("wound_up_at IS NULL")


class SubscriptionPlan(Base):
    """Licenses that an enterprise bought. The counts change in the same transaction as the
    licenses, under the lock on this row; `bursar check` compares them."""

    __tablename__ = "subscription_plans"
    __table_args__ = (
        Index(None, "enterprise_uuid", "start_date"),
        Index(
            "ix_subscription_plans_expiring",
            "expiration_date",
            postgresql_where=_NOT_WOUND_UP,
            sqlite_where=_NOT_WOUND_UP,
        ),
        CheckConstraint("start_date < expiration_date", name="ends_after_it_begins"),
        CheckConstraint("revoke_max_percentage BETWEEN 0 AND 100", name="percentage_in_range"),
        CheckConstraint(
            "unassigned_count >= 0 AND assigned_count >= 0 AND activated_count >= 0"
            " AND revoked_activated_count >= 0 AND revoked_activated_count <= revoked_count",
            name="counts_not_negative",
        ),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    title: Mapped[str]
    start_date: Mapped[datetime]
    expiration_date: Mapped[datetime]
    enterprise_catalog_uuid: Mapped[UUID] = mapped_column(ForeignKey(Catalog.uuid), index=True)
    is_active: Mapped[bool]
    is_revocation_cap_enabled: Mapped[bool]
    revoke_max_percentage: Mapped[int]
    should_auto_apply_licenses: Mapped[bool]
    is_locked_for_renewal_processing: Mapped[bool]
    """Whether the operator locked the plan. A renewal that is near also locks it, without this
    column."""
    unassigned_count: Mapped[int] = mapped_column(BigInteger)
    assigned_count: Mapped[int] = mapped_column(BigInteger)
    activated_count: Mapped[int] = mapped_column(BigInteger)
    revoked_count: Mapped[int] = mapped_column(BigInteger)
    revoked_activated_count: Mapped[int] = mapped_column(BigInteger)
    """How many revoked licenses had been activated. Only these count towards the cap."""
    wound_up_at: Mapped[datetime | None]
    """When the enrollments of the expired plan were marked to end."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]


class PlanRenewal(Base):
    """A plan and the plan that follows it. Processing the renewal creates that plan if it does not
    exist."""

    __tablename__ = "plan_renewals"
    __table_args__ = (
        CheckConstraint("effective_date < renewed_expiration_date", name="ends_after_it_begins"),
        CheckConstraint("number_of_licenses >= 0", name="size_not_negative"),
        CheckConstraint("plan_uuid <> renewed_plan_uuid", name="not_into_itself"),
        Index(
            "ix_plan_renewals_due",
            "effective_date",
            postgresql_where=_UNPROCESSED,
            sqlite_where=_UNPROCESSED,
        ),
    )

    plan_uuid: Mapped[UUID] = mapped_column(ForeignKey(SubscriptionPlan.uuid), primary_key=True)
    renewed_plan_uuid: Mapped[UUID] = mapped_column(unique=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), index=True)
    title: Mapped[str]
    effective_date: Mapped[datetime]
    renewed_expiration_date: Mapped[datetime]
    number_of_licenses: Mapped[int] = mapped_column(BigInteger)
    processed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
