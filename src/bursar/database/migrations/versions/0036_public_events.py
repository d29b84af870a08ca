"""Events say whether the log shows them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEPT_BY_RETENTION = (
    "id",
    "transaction_id",
    "uuid",
    "enterprise_uuid",
    "type",
    "object_type",
    "object_id",
    "version",
    "at",
    "actor_kind",
    "actor",
    "request_id",
    "changes",
    "is_public",
)
"""Every column of events but `data`."""


def upgrade() -> None:
    # The log begins here: what happened before was published without a thought of readers outside.
    op.add_column(
        "events", sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()


def _is_open(*doors: str) -> str:
    names = ", ".join(f"'{door}'" for door in doors)
    return f"EXISTS (SELECT 1 FROM open_doors WHERE name IN ({names}))"  # noqa: S608


def _guard_on_sqlite() -> None:
    """Its trigger names the columns; that of PostgreSQL compares whole rows."""
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in _KEPT_BY_RETENTION)
    op.execute("DROP TRIGGER events_no_update")
    op.execute(f"""
        CREATE TRIGGER events_no_update BEFORE UPDATE ON events
        WHEN NOT ({_is_open("erasure")}
            OR (NEW.data IS NULL AND {same} AND {_is_open("retention")}))
        BEGIN SELECT RAISE(ABORT, 'events is append-only'); END
    """)
