from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import BIG_ID, SORTABLE
from bursar.identity.models import Enterprise
from bursar.learners.models import Learner

_QUEUED: Final = text("state = 'queued'")
_WAITING: Final = text("state = 'waiting'")


class DirectEnrollment(Base):
    """What clients wish of a learner in a course run: the last wish for each, and how far it is.

    Whoever writes a wish holds the learner: learners.service.lock_learners.
    """

    __tablename__ = "direct_enrollments"
    __table_args__ = (
        Index(None, "enterprise_uuid", "learner_id", "courserun_key", unique=True),
        Index(None, "uuid", unique=True),
        Index(
            "ix_direct_enrollments_queued",
            "batch_uuid",
            "id",
            postgresql_where=_QUEUED,
            sqlite_where=_QUEUED,
        ),
        Index(
            "ix_direct_enrollments_waiting",
            "learner_id",
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
        CheckConstraint("state IN ('queued', 'waiting', 'done', 'failed')", name="state_known"),
        CheckConstraint("mode IN ('audit', 'verified', 'professional')", name="mode_known"),
        CheckConstraint("state <> 'waiting' OR is_active", name="only_wishes_to_enroll_wait"),
        CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="failure_explained"),
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    uuid: Mapped[UUID]
    """The subject of mails about it."""
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    learner_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey(Learner.id), index=True)
    courserun_key: Mapped[str] = mapped_column(SORTABLE)
    mode: Mapped[str]
    cohort: Mapped[str | None]
    """Kept as it was given: Bursar knows no cohorts."""
    is_active: Mapped[bool]
    """Whether the learner is to be enrolled; otherwise, the enrollment is to end."""
    notify: Mapped[bool]
    """Whether the learner is told by mail once enrolled."""
    state: Mapped[str]
    error: Mapped[str | None]
    """Why the LMS refused, for a wish that has failed."""
    in_lms: Mapped[bool]
    """Whether the LMS may hold an enrollment that this wish, or the one before, has made there."""
    batch_uuid: Mapped[UUID]
    """The job that is to work on the wish, while it is queued."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
