"""Where each client's last write is in the write-ahead log, for reads from a standby."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "client_writes",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_writes")),
    )
    # Its rows are of no use after a crash, and a table that is not logged is written without
    # waiting for the disk.
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE client_writes SET UNLOGGED")
