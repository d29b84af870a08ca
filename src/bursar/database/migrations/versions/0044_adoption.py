"""A door for what is adopted from other services, and the activation keys of their licenses."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0044"
down_revision: str | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_MOVES = {
    "licenses": (
        "status",
        "unassigned>assigned",
        "assigned>activated",
        "assigned>revoked",
        "activated>revoked",
    ),
    "assignments": (
        "state",
        "allocated>accepted",
        "allocated>cancelled",
        "allocated>expired",
        "allocated>errored",
        "errored>cancelled",
        "accepted>reversed",
        "cancelled>allocated",
        "errored>allocated",
        "expired>allocated",
        "reversed>allocated",
    ),
    "subsidy_transactions": (
        "state",
        "created>committed",
        "created>failed",
        "committed>reversed",
    ),
}
"""As they are: the column, and the ways from each state, of which the first begins with the state
of a new row."""
_IS_OPEN = "EXISTS (SELECT 1 FROM open_doors WHERE name = 'adoption')"


def upgrade() -> None:
    op.add_column("licenses", sa.Column("activation_key", sa.Uuid(), nullable=True))
    for table, (column, *moves) in _MOVES.items():
        if op.get_bind().dialect.name == "postgresql":
            _on_postgresql(table, column)
        else:
            _on_sqlite(table, column, moves)


def _on_postgresql(table: str, column: str) -> None:
    # The triggers call it for impossible changes only.
    op.execute(f"""
        CREATE OR REPLACE FUNCTION {table}_move_is_impossible() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF {_IS_OPEN} THEN RETURN NEW; END IF;
            RAISE EXCEPTION '{table}: impossible change of {column}'
                USING ERRCODE = 'check_violation';
        END $$
    """)


def _on_sqlite(table: str, column: str, moves: list[str]) -> None:
    first = moves[0].partition(">")[0]
    listed = ", ".join(f"'{move}'" for move in moves)
    moved = f"OLD.{column} || '>' || NEW.{column}"
    conditions = {
        "INSERT": f"NEW.{column} <> '{first}'",
        "UPDATE": f"OLD.{column} <> NEW.{column} AND {moved} NOT IN ({listed})",
    }
    for event, condition in conditions.items():
        trigger = f"{table}_{column}_on_{event.lower()}"
        op.execute(f"DROP TRIGGER {trigger}")
        op.execute(f"""
            CREATE TRIGGER {trigger} BEFORE {event} ON {table}
            WHEN {condition} AND NOT {_IS_OPEN}
            BEGIN SELECT RAISE(ABORT, '{table}: impossible change of {column}'); END
        """)
