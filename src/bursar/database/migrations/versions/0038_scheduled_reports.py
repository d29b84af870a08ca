"""Scheduled reports: what enterprises declare, and their runs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant, Json

revision: str = "0038"
down_revision: str | None = "0037"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_PENDING = sa.text("status = 'pending'")


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("timetable", Json(), nullable=False),
        sa.Column("filters", Json(), nullable=False),
        sa.Column("selection", Json(), nullable=False),
        sa.Column("destination", Json(), nullable=False),
        sa.Column("secret", sa.String(), nullable=True),
        sa.Column("pgp_public_key", sa.String(), nullable=True),
        sa.Column("next_due_at", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "format IN ('csv', 'ndjson', 'json')", name=op.f("ck_reports_format_known")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_reports_enterprise_uuid")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_reports")),
    )
    op.create_index(
        op.f("ix_reports_enterprise_uuid_name"), "reports", ["enterprise_uuid", "name"], unique=True
    )
    op.create_index(op.f("ix_reports_next_due_at"), "reports", ["next_due_at"])
    op.create_table(
        "report_runs",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("report_uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("report_name", sa.String(), nullable=False),
        sa.Column("planned_at", Instant(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'dropped', 'failed')",
            name=op.f("ck_report_runs_status_known"),
        ),
        sa.CheckConstraint(
            "(status = 'pending') = (finished_at IS NULL)", name=op.f("ck_report_runs_end_known")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_report_runs_enterprise_uuid")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_report_runs")),
    )
    op.create_index(
        op.f("ix_report_runs_report_uuid_planned_at"),
        "report_runs",
        ["report_uuid", "planned_at"],
        unique=True,
    )
    op.create_index(
        "ix_report_runs_one_at_a_time",
        "report_runs",
        ["report_uuid"],
        unique=True,
        postgresql_where=_PENDING,
        sqlite_where=_PENDING,
    )
    op.create_index(
        op.f("ix_report_runs_enterprise_uuid_planned_at"),
        "report_runs",
        ["enterprise_uuid", "planned_at"],
    )
    op.create_index(op.f("ix_report_runs_finished_at"), "report_runs", ["finished_at"])
