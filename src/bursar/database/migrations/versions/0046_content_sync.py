"""Runs over the discovery service, and the pages that have come."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant, Json

revision: str = "0046"
down_revision: str | None = "0045"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COUNTS = ("pages", "created", "changed", "unchanged", "removed", "rejected")


def upgrade() -> None:
    _create_runs()
    _create_pages()


def _create_runs() -> None:
    op.create_table(
        "content_sync_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("since", Instant(), nullable=True),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("told_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("held_until", Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("tried_at", Instant(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.Column("rejections", Json(), nullable=False),
        sa.Column("busy_seconds", sa.Double(), nullable=False),
        sa.Column("waited_seconds", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'guarded', 'dropped')",
            name=op.f("ck_content_sync_runs_state_known"),
        ),
        sa.CheckConstraint(
            "(state = 'open') = (ended_at IS NULL)", name=op.f("ck_content_sync_runs_end_known")
        ),
        sa.CheckConstraint(
            "is_full = (since IS NULL)", name=op.f("ck_content_sync_runs_delta_since")
        ),
        sa.CheckConstraint(
            "pages >= 0 AND created >= 0 AND changed >= 0 AND unchanged >= 0 AND removed >= 0 "
            "AND rejected >= 0 AND failures >= 0",
            name=op.f("ck_content_sync_runs_counts_in_range"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_sync_runs")),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ix_content_sync_runs_one_at_a_time",
        "content_sync_runs",
        ["state"],
        unique=True,
        postgresql_where=is_open,
        sqlite_where=is_open,
    )
    op.create_index(op.f("ix_content_sync_runs_ended_at"), "content_sync_runs", ["ended_at"])


def _create_pages() -> None:
    op.create_table(
        "content_sync_pages",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("listing", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("told_count", sa.BigInteger(), nullable=True),
        sa.Column("next_query", sa.String(), nullable=True),
        sa.Column("fetched_at", Instant(), nullable=False),
        sa.Column("is_applied", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["content_sync_runs.id"],
            name=op.f("fk_content_sync_pages_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "listing", "number", name=op.f("pk_content_sync_pages")),
    )
