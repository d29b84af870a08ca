"""Bulk enrollments: jobs, their chunks and what came of each pair."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant, Json

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "bulk_enrollment_jobs",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("emails", Json(), nullable=False),
        sa.Column("course_run_keys", Json(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("chunk_size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("succeeded_count", sa.BigInteger(), nullable=False),
        sa.Column("pending_count", sa.BigInteger(), nullable=False),
        sa.Column("failed_count", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "(state = 'done') = (succeeded_count + pending_count + failed_count = total) AND (state = 'done') = (finished_at IS NOT NULL) AND (state = 'queued') = (started_at IS NULL)",
            name=op.f("ck_bulk_enrollment_jobs_state_fits"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done')",
            name=op.f("ck_bulk_enrollment_jobs_state_known"),
        ),
        sa.CheckConstraint(
            "succeeded_count >= 0 AND pending_count >= 0 AND failed_count >= 0 AND succeeded_count + pending_count + failed_count <= total",
            name=op.f("ck_bulk_enrollment_jobs_counts_in_range"),
        ),
        sa.CheckConstraint(
            "total > 0 AND chunk_size > 0", name=op.f("ck_bulk_enrollment_jobs_sizes_positive")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_bulk_enrollment_jobs_enterprise_uuid"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_bulk_enrollment_jobs")),
    )
    with op.batch_alter_table("bulk_enrollment_jobs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bulk_enrollment_jobs_enterprise_uuid"), ["enterprise_uuid"], unique=False
        )
        batch_op.create_index(
            "ix_bulk_enrollment_jobs_unfinished",
            ["created_at"],
            unique=False,
            postgresql_where=sa.text("state <> 'done'"),
            sqlite_where=sa.text("state <> 'done'"),
        )

    op.create_table(
        "bulk_enrollment_chunks",
        sa.Column("job_uuid", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("done_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_uuid"],
            ["bulk_enrollment_jobs.uuid"],
            name=op.f("fk_bulk_enrollment_chunks_job_uuid"),
        ),
        sa.PrimaryKeyConstraint("job_uuid", "number", name=op.f("pk_bulk_enrollment_chunks")),
    )
    op.create_table(
        "bulk_enrollment_rows",
        sa.Column("job_uuid", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column(
            "email",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "course_run_key",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("license_uuid", sa.Uuid(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "status = 'failed' OR license_uuid IS NOT NULL",
            name=op.f("ck_bulk_enrollment_rows_license_named"),
        ),
        sa.CheckConstraint(
            "status IN ('success', 'pending', 'failed')",
            name=op.f("ck_bulk_enrollment_rows_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["job_uuid"],
            ["bulk_enrollment_jobs.uuid"],
            name=op.f("fk_bulk_enrollment_rows_job_uuid"),
        ),
        sa.PrimaryKeyConstraint("job_uuid", "number", name=op.f("pk_bulk_enrollment_rows")),
    )
    with op.batch_alter_table("bulk_enrollment_rows", schema=None) as batch_op:
        batch_op.create_index(
            "ix_bulk_enrollment_rows_pending",
            ["license_uuid"],
            unique=False,
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )
