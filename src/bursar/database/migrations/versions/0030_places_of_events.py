"""The log of events: places in the order of commits, and up to where readers are."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "event_positions",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_event_positions_event_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_event_positions")),
    )
    op.create_index(
        op.f("ix_event_positions_event_id"), "event_positions", ["event_id"], unique=True
    )
    op.create_index(
        op.f("ix_event_positions_enterprise_uuid_position"),
        "event_positions",
        ["enterprise_uuid", "position"],
    )
    op.create_table(
        "event_sequence",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("forgotten_to", sa.BigInteger(), nullable=False),
        sa.Column("placed_to", sa.BigInteger(), nullable=False),
        sa.Column("mark_id", sa.BigInteger(), nullable=False),
        sa.Column("mark_transaction", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_event_sequence_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_sequence")),
    )
    op.execute("INSERT INTO event_sequence VALUES (1, 0, 0, 0, 0, 0)")
    op.create_table(
        "event_readers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_event_readers")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _search_again_where_ids_come_again()


def _search_again_where_ids_come_again() -> None:
    """SQLite gives the highest ids again after their rows were deleted, as with an enterprise. An
    event with such an id would otherwise lie before the place where the search begins."""
    highest = "(SELECT coalesce(max(id), 0) FROM events)"
    op.execute(f"""
        CREATE TRIGGER event_ids_come_again AFTER DELETE ON events
        WHEN (SELECT placed_to FROM event_sequence) > {highest}
        BEGIN UPDATE event_sequence SET placed_to = {highest}; END
    """)  # noqa: S608 - names of ours
