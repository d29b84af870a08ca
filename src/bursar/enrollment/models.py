from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID, SORTABLE
from bursar.identity.models import Enterprise
from bursar.learners.models import Learner

CLOCK: Final = "enrollments"
"""The name under which database.commit_order keeps the clocks of enterprises' enrollments."""


_LIVE_SEAT: Final = "payer <> 'reported' AND unenrolled_at IS NULL"
"""What the index of live seats holds: those that Bursar made."""

_PASSED: Final = "passed_date IS NOT NULL"


class Enrollment(Base):
    """A learner in a course run, and a row of the learner summary, whoever made it.

    The id is enrollment_id and enterprise_enrollment_id of the reference. The columns below
    `shown_changed_at` are the report's, under its names, and null where the report was told
    nothing. Whoever writes rows of a learner holds the learner: learners.service.lock_learners.
    """

    __tablename__ = "enrollments"
    __table_args__ = (
        Index(None, "enterprise_uuid", "learner_id", "courserun_key", unique=True),
        Index(None, "license_uuid"),
        Index(None, "transaction_uuid"),
        Index("ix_enrollments_activity", "enterprise_uuid", text("activity_day DESC"), "id"),
        Index(None, "enterprise_uuid", "enrolled_at"),
        Index(
            "ix_enrollments_passed",
            "enterprise_uuid",
            "passed_date",
            sqlite_where=text(_PASSED),
            postgresql_where=text(_PASSED),
        ),
        Index(
            "ix_enrollments_live_seats",
            "courserun_key",
            sqlite_where=text(_LIVE_SEAT),
            postgresql_where=text(_LIVE_SEAT),
        ),
        CheckConstraint("payer IN ('license', 'credit', 'api', 'reported')", name="payer_known"),
        CheckConstraint(
            "(payer = 'license') = (license_uuid IS NOT NULL)"
            " AND (payer = 'credit') = (transaction_uuid IS NOT NULL)",
            name="payment_named",
        ),
        CheckConstraint("payer = 'reported' OR enrolled_at IS NOT NULL", name="beginning_known"),
        CheckConstraint("is_consented OR activity_day = 0", name="activity_shared"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    learner_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey(Learner.id), index=True)
    courserun_key: Mapped[str] = mapped_column(SORTABLE)
    mode: Mapped[str] = mapped_column(SORTABLE)
    """user_current_enrollment_mode"""
    payer: Mapped[str]
    license_uuid: Mapped[UUID | None]
    """Of the domain that paid; not a foreign key, as that domain stands above this one."""
    transaction_uuid: Mapped[UUID | None]
    enrolled_at: Mapped[datetime | None]
    """The report tells its day in UTC; a day that was reported is its first instant."""
    unenrolled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    is_consented: Mapped[bool]
    """Whether what tells of the person may be seen: progress.rules.is_consented decides it, and the
    learner's consent, when that changes."""
    activity_day: Mapped[int] = mapped_column(Integer)
    """Of last_activity_date where consented: days.day_number; else days.NO_DAY."""
    changed_at: Mapped[datetime]
    """`created` of the report: when the row last changed there. Stamps of an enterprise follow the
    order of commits: whoever sets it calls changes.note_changes."""
    shown_changed_at: Mapped[datetime | None]
    """The same for rows without consent: when the enrollment, its end or the consent changed. Null
    in rows that an earlier version wrote."""

    is_consent_granted: Mapped[bool | None]
    """As reported for the row. Of a client, true opens nothing."""
    amount_learner_paid: Mapped[float | None] = mapped_column(Double)
    contract_id: Mapped[str | None] = mapped_column(SORTABLE)
    coupon_code: Mapped[str | None] = mapped_column(SORTABLE)
    coupon_name: Mapped[str | None] = mapped_column(SORTABLE)
    course_duration: Mapped[int | None] = mapped_column(BigInteger)
    course_end: Mapped[date | None] = mapped_column(Date)
    course_key: Mapped[str | None] = mapped_column(SORTABLE)
    course_list_price: Mapped[float | None] = mapped_column(Double)
    course_max_effort: Mapped[int | None] = mapped_column(BigInteger)
    course_min_effort: Mapped[int | None] = mapped_column(BigInteger)
    course_pacing_type: Mapped[str | None] = mapped_column(SORTABLE)
    course_primary_program: Mapped[str | None] = mapped_column(SORTABLE)
    course_primary_subject: Mapped[str | None] = mapped_column(SORTABLE)
    course_start: Mapped[date | None] = mapped_column(Date)
    course_title: Mapped[str | None] = mapped_column(SORTABLE)
    current_grade: Mapped[float | None] = mapped_column(Double)
    has_passed: Mapped[bool | None]
    is_refunded: Mapped[bool | None]
    last_activity_date: Mapped[date | None] = mapped_column(Date)
    letter_grade: Mapped[str | None] = mapped_column(SORTABLE)
    offer_name: Mapped[str | None] = mapped_column(SORTABLE)
    offer_type: Mapped[str | None] = mapped_column(SORTABLE)
    paid_by: Mapped[str | None] = mapped_column(SORTABLE)
    passed_date: Mapped[date | None] = mapped_column(Date)
    seat_delivery_method: Mapped[str | None] = mapped_column(SORTABLE)


class EnrollmentDay(Base):
    """How many rows of an enterprise's report have which activity_day: see days.py."""

    __tablename__ = "enrollment_days"
    __table_args__ = (CheckConstraint("row_count >= 0", name="row_count_possible"),)

    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), primary_key=True)
    activity_day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    row_count: Mapped[int] = mapped_column(BigInteger)


class EnrollmentImport(Base):
    """How far a file has been imported, so that a stopped import goes on where it was."""

    __tablename__ = "enrollment_imports"

    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    modified_ns: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    byte_offset: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime]
