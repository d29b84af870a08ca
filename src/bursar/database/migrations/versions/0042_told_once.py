"""What is told once only."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant

revision: str = "0042"
down_revision: str | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "told_once",
        sa.Column("object_uuid", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("object_uuid", "type", "mark", name=op.f("pk_told_once")),
    )
    for column in ("enterprise_uuid", "at"):
        op.create_index(op.f(f"ix_told_once_{column}"), "told_once", [column])
