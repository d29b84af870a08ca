"""A policy says whether it assigns content of no known price; the prices of reports are canonical.

What reports say of runs is taken from the documents again, by the upgrade, where nothing is kept.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    column: sa.Column[bool] = sa.Column(
        "allow_unknown_price", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("subsidy_access_policies", column)
    op.execute(sa.delete(sa.table("run_facts")))
