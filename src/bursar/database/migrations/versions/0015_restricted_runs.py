"""Which runs in courses are restricted, and which of them each filter allows.

Both are filled in by the evaluation after the upgrade.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "nested_runs",
        sa.Column("is_restricted", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "query_allowed_runs",
        sa.Column("query_uuid", sa.Uuid(), nullable=False),
        sa.Column("run_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["query_uuid"], ["catalog_queries.uuid"], name=op.f("fk_query_allowed_runs_query_uuid")
        ),
        sa.PrimaryKeyConstraint("query_uuid", "run_key", name=op.f("pk_query_allowed_runs")),
    )
