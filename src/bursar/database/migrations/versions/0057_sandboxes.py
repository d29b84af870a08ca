"""Enterprises that are for tests."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0057"
down_revision: str | None = "0056"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "enterprises",
        sa.Column("is_sandbox", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
