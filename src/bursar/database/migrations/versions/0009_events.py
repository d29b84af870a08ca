"""Events: the log of what happened, which is the audit trail too, append-only as that one is."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.columns import BIG_ID
from bursar.database.types import Instant, Json

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    own_transaction = sa.text("(pg_current_xact_id()::text::bigint)") if is_postgresql else None
    op.create_table(
        "events",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), server_default=own_transaction),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("object_type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("changes", Json(), nullable=False),
        sa.Column("data", Json(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    for columns in (["enterprise_uuid", "at"], ["object_id", "object_type", "version"]):
        op.create_index(op.f(f"ix_events_{'_'.join(columns)}"), "events", columns)
    _make_append_only(is_postgresql=is_postgresql)


def _make_append_only(*, is_postgresql: bool) -> None:
    if not is_postgresql:
        for event in ("UPDATE", "DELETE"):
            op.execute(f"""
                CREATE TRIGGER events_no_{event.lower()} BEFORE {event} ON events
                BEGIN SELECT RAISE(ABORT, 'events is append-only'); END
            """)
        return
    op.execute("""
        CREATE FUNCTION events_are_final() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'events is append-only'; END $$
    """)
    op.execute("""
        CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
        FOR EACH ROW EXECUTE FUNCTION events_are_final()
    """)
    # TRUNCATE goes past triggers for rows.
    op.execute("""
        CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
        FOR EACH STATEMENT EXECUTE FUNCTION events_are_final()
    """)
