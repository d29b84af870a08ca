"""What an installation is watched by: when tasks succeeded, and an index of mails given up."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database import online
from bursar.database.types import Instant

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    failed = sa.text("status = 'failed'")
    online.create_index("ix_mails_failed", "mails", ["finished_at"], where=failed)
    op.create_table(
        "task_runs",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("succeeded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("task", name=op.f("pk_task_runs")),
    )
