"""Until when documents were listed, so that clients are told of what closed.

Of rows that are stored already nobody knows it: theirs stays null.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("query_members", sa.Column("listed_until", Instant(), nullable=True))
