"""What the LMS says of enrollments, how far it was read, and indexes to find what it speaks of."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database import online
from bursar.database.types import Instant

revision: str = "0045"
down_revision: str | None = "0044"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for column in ("email", "lms_user_id", "username"):
        online.create_index(f"ix_learners_{column}", "learners", [column])
    online.create_index(
        "ix_enrollments_live_seats",
        "enrollments",
        ["courserun_key"],
        where=sa.text("payer <> 'reported' AND unenrolled_at IS NULL"),
    )
    op.create_table(
        "lms_progress",
        sa.Column("enrollment_id", _BIG_ID, nullable=False, autoincrement=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("enrollment_at", Instant(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=True),
        sa.Column("mode", sa.String(), nullable=True),
        sa.Column("enrolled_on", sa.Date(), nullable=True),
        sa.Column("grade_at", Instant(), nullable=True),
        sa.Column("percent", sa.Double(), nullable=True),
        sa.Column("letter", sa.String(), nullable=True),
        sa.Column("result_at", Instant(), nullable=True),
        sa.Column("is_passing", sa.Boolean(), nullable=True),
        sa.Column("passed_on", sa.Date(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint("source IN ('push', 'pull')", name=op.f("ck_lms_progress_source_known")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"],
            ["enrollments.id"],
            name=op.f("fk_lms_progress_enrollment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("enrollment_id", name=op.f("pk_lms_progress")),
    )
    op.create_table(
        "lms_runs",
        sa.Column("courserun_key", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("has_changed", sa.Boolean(), nullable=False),
        sa.Column("quiet_pulls", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", Instant(), nullable=True),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("completed_at", Instant(), nullable=True),
        sa.Column("leased_until", Instant(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.CheckConstraint(
            "stage IN ('enrollments', 'grades')", name=op.f("ck_lms_runs_stage_known")
        ),
        sa.CheckConstraint("quiet_pulls >= 0", name=op.f("ck_lms_runs_quiet_pulls_possible")),
        sa.PrimaryKeyConstraint("courserun_key", name=op.f("pk_lms_runs")),
    )
