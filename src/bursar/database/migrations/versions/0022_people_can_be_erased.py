"""People can be erased: named doors in the append-only tables, tombstones, former addresses."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.columns import BIG_ID, SORTABLE
from bursar.database.types import Instant

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OF_THE_LOG = {"UPDATE": ("erasure",), "DELETE": ("deletion", "retention")}
_OF_THE_LEDGER: dict[str, tuple[str, ...]] = {"UPDATE": (), "DELETE": ("deletion",)}
_DOORS = {"events": _OF_THE_LOG, "audit_entries": _OF_THE_LOG, "ledger_entries": _OF_THE_LEDGER}


def upgrade() -> None:
    op.create_table(
        "open_doors",
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_open_doors")),
    )
    for table, doors in _DOORS.items():
        if op.get_bind().dialect.name == "postgresql":
            _on_postgresql(table, doors)
        else:
            _on_sqlite(table, doors)
    _create_tables()


def _condition(doors: tuple[str, ...]) -> str:
    names = ", ".join(f"'{door}'" for door in doors)
    if not doors:
        return "1 = 0"
    return f"EXISTS (SELECT 1 FROM open_doors WHERE name IN ({names}))"  # noqa: S608


def _on_postgresql(table: str, doors: dict[str, tuple[str, ...]]) -> None:
    # TRUNCATE goes past triggers for rows, and no door lets it in.
    op.execute(f"""
        CREATE OR REPLACE FUNCTION {table}_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND {_condition(doors["UPDATE"])} THEN RETURN NEW; END IF;
            IF TG_OP = 'DELETE' AND {_condition(doors["DELETE"])} THEN RETURN OLD; END IF;
            RAISE EXCEPTION '{table} is append-only';
        END $$
    """)


def _on_sqlite(table: str, doors: dict[str, tuple[str, ...]]) -> None:
    for event, names in doors.items():
        trigger = f"{table}_no_{event.lower()}"
        op.execute(f"DROP TRIGGER {trigger}")
        op.execute(f"""
            CREATE TRIGGER {trigger} BEFORE {event} ON {table} WHEN NOT {_condition(names)}
            BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
        """)


def _create_tables() -> None:
    op.create_table(
        "former_addresses",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("learner_id", BIG_ID, nullable=False),
        sa.Column("email", SORTABLE, nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_former_addresses_enterprise_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_former_addresses_learner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_addresses")),
    )
    op.create_index(op.f("ix_former_addresses_learner_id"), "former_addresses", ["learner_id"])
    op.create_index(
        op.f("ix_former_addresses_enterprise_uuid_email"),
        "former_addresses",
        ["enterprise_uuid", "email"],
    )
    op.create_table(
        "erased_people",
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("tombstone", sa.String(), nullable=False),
        sa.Column("erased_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_erased_people_enterprise_uuid")
        ),
        sa.PrimaryKeyConstraint("enterprise_uuid", "address_hash", name=op.f("pk_erased_people")),
    )
    op.create_table(
        "erasure_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_erasure_keys_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_keys")),
    )
