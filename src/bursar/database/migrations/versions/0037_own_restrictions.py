"""What the own documents of runs say of their restrictions.

It is filled in by the evaluation after the upgrade.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("run_facts", sa.Column("own_restriction", sa.String(), nullable=True))
