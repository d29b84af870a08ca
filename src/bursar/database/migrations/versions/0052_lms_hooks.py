"""Addresses at which an LMS tells what has happened there, and what it has told."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant, Json

revision: str = "0052"
down_revision: str | None = "0051"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "lms_hooks",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=True),
        sa.Column("previous_until", Instant(), nullable=True),
        sa.Column("signing_salt", sa.String(), nullable=True),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.Column("told_at", Instant(), nullable=True),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("unknown_people", sa.BigInteger(), nullable=False),
        sa.Column("unknown_runs", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(previous_hash IS NULL) = (previous_until IS NULL)",
            name=op.f("ck_lms_hooks_previous_ends"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_lms_hooks_enterprise_uuid")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_lms_hooks")),
    )
    for column, unique in (
        ("enterprise_uuid", False),
        ("previous_hash", True),
        ("secret_hash", True),
    ):
        op.create_index(op.f(f"ix_lms_hooks_{column}"), "lms_hooks", [column], unique=unique)
    op.create_table(
        "lms_news",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("hook_uuid", sa.Uuid(), nullable=False),
        sa.Column("told", Json(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["hook_uuid"],
            ["lms_hooks.uuid"],
            name=op.f("fk_lms_news_hook_uuid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_news")),
    )
    op.create_index(op.f("ix_lms_news_hook_uuid_id"), "lms_news", ["hook_uuid", "id"])
