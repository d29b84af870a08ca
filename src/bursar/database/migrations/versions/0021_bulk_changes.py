"""Bulk changes: what filters select is changed by a job, a batch at a time."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant, Json

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "bulk_changes",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_uuid", sa.Uuid(), nullable=False),
        sa.Column("selection", Json(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("done_count", sa.BigInteger(), nullable=False),
        sa.Column("last_uuid", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed')",
            name=op.f("ck_bulk_changes_state_known"),
        ),
        sa.CheckConstraint(
            "done_count >= 0 AND total >= 0", name=op.f("ck_bulk_changes_counts_in_range")
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)",
            name=op.f("ck_bulk_changes_end_known"),
        ),
        sa.CheckConstraint(
            "(state = 'failed') = (error IS NOT NULL)",
            name=op.f("ck_bulk_changes_failure_explained"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_bulk_changes_enterprise_uuid")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_bulk_changes")),
    )
    op.create_index(op.f("ix_bulk_changes_enterprise_uuid"), "bulk_changes", ["enterprise_uuid"])
