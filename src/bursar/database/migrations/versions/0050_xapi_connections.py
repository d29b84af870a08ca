"""Where enterprises have statements about learning sent."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant, Json

revision: str = "0050"
down_revision: str | None = "0049"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "xapi_connections",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("verbs", Json(), nullable=True),
        sa.Column("succeeded_at", Instant(), nullable=True),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "identity IN ('mbox', 'mbox_sha1sum', 'account')",
            name=op.f("ck_xapi_connections_identity_known"),
        ),
        sa.CheckConstraint(
            "mode IN ('live', 'daily')", name=op.f("ck_xapi_connections_mode_known")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_xapi_connections_enterprise_uuid"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_xapi_connections")),
        sa.UniqueConstraint("enterprise_uuid", name=op.f("uq_xapi_connections_enterprise_uuid")),
    )
