"""Content filters: with and without executive education, and by which rules they were evaluated."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database import online

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    online.create_index(
        op.f("ix_query_members_query_uuid_active_until"),
        "query_members",
        ["query_uuid", "active_until"],
    )
    op.add_column("content_state", sa.Column("evaluated_by", sa.String(), nullable=True))
    op.add_column("catalog_queries", sa.Column("filter_uuid", sa.Uuid(), nullable=True))
    op.add_column(
        "catalog_queries",
        sa.Column("include_exec_ed", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
