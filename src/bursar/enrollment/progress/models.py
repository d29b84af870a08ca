from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, Double, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID
from bursar.database.types import Json
from bursar.enrollment.models import Enrollment
from bursar.identity.models import Enterprise


class LmsProgress(Base):
    """What an LMS has said of an enrollment, added up: lms_facts.LmsState says what the columns
    mean. The enrollment itself holds what is shown of it."""

    __tablename__ = "lms_progress"
    __table_args__ = (CheckConstraint("source IN ('push', 'pull')", name="source_known"),)

    enrollment_id: Mapped[int] = mapped_column(
        BIG_ID, ForeignKey(Enrollment.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    source: Mapped[str]
    """How what was said last has come."""
    enrollment_at: Mapped[datetime | None]
    is_active: Mapped[bool | None]
    mode: Mapped[str | None]
    enrolled_on: Mapped[date | None] = mapped_column(Date)
    grade_at: Mapped[datetime | None]
    percent: Mapped[float | None] = mapped_column(Double)
    letter: Mapped[str | None]
    result_at: Mapped[datetime | None]
    is_passing: Mapped[bool | None]
    passed_on: Mapped[date | None] = mapped_column(Date)
    ended_at: Mapped[datetime | None]


class LmsRun(Base):
    """How far the progress in a course run has been pulled from the LMS."""

    __tablename__ = "lms_runs"
    __table_args__ = (
        CheckConstraint("stage IN ('enrollments', 'grades')", name="stage_known"),
        CheckConstraint("quiet_pulls >= 0", name="quiet_pulls_possible"),
    )

    courserun_key: Mapped[str] = mapped_column(primary_key=True)
    stage: Mapped[str]
    """The list that is read now, or is read first by the next pull."""
    cursor: Mapped[str | None]
    """Where its next page begins; null: at its beginning."""
    has_changed: Mapped[bool]
    """Whether this pull has brought something new so far."""
    quiet_pulls: Mapped[int] = mapped_column(BigInteger)
    """Pulls in a row that brought nothing new."""
    begun_at: Mapped[datetime | None]
    """When the last pull began, or this one."""
    due_at: Mapped[datetime]
    """When the next pull begins, or the one that was broken off goes on."""
    completed_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    """Until then whoever pulls it has it alone."""
    problem: Mapped[str | None]
    """What the LMS answered instead of the progress."""


class LmsHook(Base):
    """An address at which an LMS tells what has happened there. Who knows it may tell."""

    __tablename__ = "lms_hooks"
    __table_args__ = (
        Index(None, "secret_hash", unique=True),
        Index(None, "previous_hash", unique=True),
        CheckConstraint("(previous_hash IS NULL) = (previous_until IS NULL)", name="previous_ends"),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID | None] = mapped_column(ForeignKey(Enterprise.uuid), index=True)
    """The only enterprise about whose learners it tells; null: about those of all."""
    description: Mapped[str]
    secret_hash: Mapped[str]
    """SHA-256 of the secret in the address, which has 256 random bits."""
    previous_hash: Mapped[str | None]
    """Of the secret before, which is good for a while after a rotation."""
    previous_until: Mapped[datetime | None]
    signing_salt: Mapped[str | None]
    """Makes the key that signs from the secret in the address, so that neither this table nor the
    address alone is enough to sign; null: requests need no signature."""
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    """When something was last taken that it told."""
    told: Mapped[int] = mapped_column(BigInteger)
    unknown_people: Mapped[int] = mapped_column(BigInteger)
    unknown_runs: Mapped[int] = mapped_column(BigInteger)


class LmsNews(Base):
    """What an LMS has told, until a worker has taken it."""

    __tablename__ = "lms_news"
    __table_args__ = (Index(None, "hook_uuid", "id"),)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    hook_uuid: Mapped[UUID] = mapped_column(ForeignKey(LmsHook.uuid, ondelete="CASCADE"))
    told: Mapped[dict[str, Any]] = mapped_column(Json)
    """hook_news.ToldNews, which has only what is needed of a payload."""
    received_at: Mapped[datetime]
