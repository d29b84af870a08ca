"""What is old is forgotten: indexes that find it, and a wider door to the data of events."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database import online
from bursar.database.types import Instant

revision: str = "0029"
down_revision: str | None = "0028"
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
)
"""Every column of events but `data`."""


def upgrade() -> None:
    shown, worded = sa.text("data IS NOT NULL"), sa.text("context <> '{}'")
    online.create_index("ix_events_shown", "events", ["at"], where=shown)
    online.create_index("ix_mails_worded", "mails", ["created_at"], where=worded)
    op.add_column("bulk_enrollment_jobs", sa.Column("forgotten_at", Instant(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        _on_postgresql()
    else:
        _on_sqlite()


def _is_open(*doors: str) -> str:
    names = ", ".join(f"'{door}'" for door in doors)
    return f"EXISTS (SELECT 1 FROM open_doors WHERE name IN ({names}))"  # noqa: S608


def _on_postgresql() -> None:
    # The conditions are nested, because TRUNCATE comes here too and has no NEW.
    op.execute(f"""
        CREATE OR REPLACE FUNCTION events_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF {_is_open("erasure")} THEN RETURN NEW; END IF;
                IF NEW.data IS NULL AND to_jsonb(NEW) - 'data' = to_jsonb(OLD) - 'data'
                    AND {_is_open("retention")}
                THEN RETURN NEW; END IF;
            END IF;
            IF TG_OP = 'DELETE' AND {_is_open("deletion", "retention")} THEN RETURN OLD; END IF;
            RAISE EXCEPTION 'events is append-only';
        END $$
    """)


def _on_sqlite() -> None:
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in _KEPT_BY_RETENTION)
    op.execute("DROP TRIGGER events_no_update")
    op.execute(f"""
        CREATE TRIGGER events_no_update BEFORE UPDATE ON events
        WHEN NOT ({_is_open("erasure")}
            OR (NEW.data IS NULL AND {same} AND {_is_open("retention")}))
        BEGIN SELECT RAISE(ABORT, 'events is append-only'); END
    """)
