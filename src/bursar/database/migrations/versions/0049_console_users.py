"""The people of the console, their roles, links and sessions."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant

revision: str = "0049"
down_revision: str | None = "0048"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "console_users",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_console_users")),
        sa.UniqueConstraint("email", name=op.f("uq_console_users_email")),
    )
    _create_grants()
    op.create_table(
        "console_links",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("asks_password", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        _user("console_links"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_console_links")),
    )
    op.create_table(
        "console_sessions",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        _user("console_sessions"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_console_sessions")),
        sa.UniqueConstraint("uuid", name=op.f("uq_console_sessions_uuid")),
    )
    op.create_index(op.f("ix_console_links_user_uuid"), "console_links", ["user_uuid"])
    op.create_index(op.f("ix_console_links_expires_at"), "console_links", ["expires_at"])
    op.create_index(op.f("ix_console_sessions_user_uuid"), "console_sessions", ["user_uuid"])
    op.create_index(op.f("ix_console_sessions_expires_at"), "console_sessions", ["expires_at"])


def _create_grants() -> None:
    op.create_table(
        "console_grants",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("user_uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "role IN ('operator', 'admin', 'viewer')", name=op.f("ck_console_grants_role_known")
        ),
        sa.CheckConstraint(
            "(role = 'operator') = (enterprise_uuid IS NULL)",
            name=op.f("ck_console_grants_place_known"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_console_grants_enterprise_uuid"),
        ),
        _user("console_grants"),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_console_grants")),
    )
    op.create_index(
        op.f("ix_console_grants_user_uuid_enterprise_uuid"),
        "console_grants",
        ["user_uuid", "enterprise_uuid"],
        unique=True,
    )
    op.create_index(
        op.f("ix_console_grants_enterprise_uuid"), "console_grants", ["enterprise_uuid"]
    )
    op.create_index(
        "ix_console_grants_operator",
        "console_grants",
        ["user_uuid"],
        unique=True,
        postgresql_where=sa.text("enterprise_uuid IS NULL"),
        sqlite_where=sa.text("enterprise_uuid IS NULL"),
    )


def _user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_uuid"],
        ["console_users.uuid"],
        name=op.f(f"fk_{table}_user_uuid"),
        ondelete="CASCADE",
    )
