from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID, SORTABLE
from bursar.identity.models import Enterprise, Learner


class PaidBy(StrEnum):
    LICENSE = "license"
    CREDIT = "credit"


class Enrollment(Base):
    """A learner in a course run; its id is the enterprise_enrollment_id of the reference."""

    __tablename__ = "enrollments"
    __table_args__ = (
        Index(None, "enterprise_uuid", "learner_id", "courserun_key", unique=True),
        Index(None, "license_uuid"),
        Index(None, "transaction_uuid"),
        CheckConstraint("paid_by IN ('license', 'credit')", name="paid_by_known"),
        CheckConstraint(
            "(paid_by = 'license') = (license_uuid IS NOT NULL)"
            " AND (paid_by = 'credit') = (transaction_uuid IS NOT NULL)",
            name="payment_named",
        ),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    learner_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey(Learner.id), index=True)
    courserun_key: Mapped[str] = mapped_column(SORTABLE)
    mode: Mapped[str]
    paid_by: Mapped[str]
    license_uuid: Mapped[UUID | None]
    """Of the domain that paid; not a foreign key, as that domain stands above this one."""
    transaction_uuid: Mapped[UUID | None]
    enrolled_at: Mapped[datetime]
    unenrolled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
