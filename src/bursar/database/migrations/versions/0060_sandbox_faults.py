"""What goes wrong in sandboxes because a test wants it to."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant

revision: str = "0060"
down_revision: str | None = "0059"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "sandbox_faults",
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("lms_slow_seconds", sa.Integer(), nullable=False),
        sa.Column("lms_away", sa.Boolean(), nullable=False),
        sa.Column("lms_refuse_one_in", sa.Integer(), nullable=True),
        sa.Column("lms_asked", sa.Integer(), nullable=False),
        sa.Column("mail_bounce", sa.Boolean(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_sandbox_faults_enterprise_uuid"),
        ),
        sa.PrimaryKeyConstraint("enterprise_uuid", name=op.f("pk_sandbox_faults")),
    )
