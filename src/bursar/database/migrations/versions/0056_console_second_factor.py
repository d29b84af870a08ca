"""The second factor of the people of the console."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant

revision: str = "0056"
down_revision: str | None = "0055"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "console_totp",
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", Instant(), nullable=True),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_console_totp_failures_counted")),
        _user("console_totp"),
        sa.PrimaryKeyConstraint("user_uuid", name=op.f("pk_console_totp")),
    )
    op.create_table(
        "console_recovery_codes",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        _user("console_recovery_codes"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_console_recovery_codes")),
    )
    op.create_table(
        "console_entrances",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        _user("console_entrances"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_console_entrances")),
    )
    op.create_index(
        op.f("ix_console_recovery_codes_user_uuid"), "console_recovery_codes", ["user_uuid"]
    )
    op.create_index(op.f("ix_console_entrances_user_uuid"), "console_entrances", ["user_uuid"])
    op.create_index(op.f("ix_console_entrances_expires_at"), "console_entrances", ["expires_at"])


def _user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_uuid"],
        ["console_users.uuid"],
        name=op.f(f"fk_{table}_user_uuid"),
        ondelete="CASCADE",
    )
