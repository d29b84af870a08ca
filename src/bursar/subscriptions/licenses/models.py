from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import SORTABLE
from bursar.identity.models import Enterprise
from bursar.subscriptions.plans.models import SubscriptionPlan

_UNASSIGNED: Final = text("status = 'unassigned'")
_LIVE: Final = text("status IN ('assigned', 'activated')")
_ENDING: Final = text("is_ending")
_RENEWING: Final = text("renewed_from_uuid IS NOT NULL")


class License(Base):
    """One license. Code that changes it must hold the lock on its plan and change the counts
    too."""

    __tablename__ = "licenses"
    __table_args__ = (
        # The database makes sure that no learner holds two licenses of a plan.
        Index(
            "uq_licenses_live",
            "plan_uuid",
            "user_email",
            unique=True,
            postgresql_where=_LIVE,
            sqlite_where=_LIVE,
        ),
        Index(
            "ix_licenses_unassigned",
            "plan_uuid",
            "created_at",
            postgresql_where=_UNASSIGNED,
            sqlite_where=_UNASSIGNED,
        ),
        Index("ix_licenses_listing", "plan_uuid", "user_email", "uuid"),
        Index(
            "ix_licenses_of_learner",
            "enterprise_uuid",
            "user_email",
            postgresql_where=_LIVE,
            sqlite_where=_LIVE,
        ),
        Index(
            "ix_licenses_ending",
            "plan_uuid",
            "uuid",
            postgresql_where=_ENDING,
            sqlite_where=_ENDING,
        ),
        Index(
            "ix_licenses_renewed_from",
            "renewed_from_uuid",
            postgresql_where=_RENEWING,
            sqlite_where=_RENEWING,
        ),
        CheckConstraint(
            "status IN ('unassigned', 'assigned', 'activated', 'revoked')", name="status_known"
        ),
        CheckConstraint(
            "(status = 'unassigned') = (user_email IS NULL)"
            " AND (status = 'unassigned') = (assigned_at IS NULL)",
            name="learner_named",
        ),
        CheckConstraint(
            "(status <> 'activated' OR activated_at IS NOT NULL)"
            " AND (status NOT IN ('unassigned', 'assigned') OR activated_at IS NULL)"
            " AND (status = 'revoked') = (revoked_at IS NOT NULL)",
            name="dates_fit_status",
        ),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    plan_uuid: Mapped[UUID] = mapped_column(ForeignKey(SubscriptionPlan.uuid))
    status: Mapped[str]
    user_email: Mapped[str | None] = mapped_column(SORTABLE)
    lms_user_id: Mapped[int | None] = mapped_column(BigInteger)
    user_sfid: Mapped[str | None]
    activation_key: Mapped[UUID | None]
    """What the link of its mail named in the service it was adopted from."""
    renewed_from_uuid: Mapped[UUID | None]
    """The license of the plan before, which may have paid for enrollments that go on."""
    assigned_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    is_ending: Mapped[bool]
    """Whether its enrollments still have to be ended in the LMS, by a job."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
