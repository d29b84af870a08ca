"""Clocks of sandboxes that are ahead."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0061"
down_revision: str | None = "0060"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "enterprises",
        sa.Column("clock_seconds", sa.BigInteger(), server_default="0", nullable=False),
    )
