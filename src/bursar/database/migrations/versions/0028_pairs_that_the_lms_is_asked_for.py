"""Pairs of bulk enrollments are noted before the LMS is asked for them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "bulk_enrollment_asked",
        sa.Column("job_uuid", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("license_uuid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_uuid"],
            ["bulk_enrollment_jobs.uuid"],
            name=op.f("fk_bulk_enrollment_asked_job_uuid"),
        ),
        sa.PrimaryKeyConstraint("job_uuid", "number", name=op.f("pk_bulk_enrollment_asked")),
    )
