"""Corrections of the ledger: entries of either sign, with a reason and with who entered them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SIGN = "ck_ledger_entries_sign_fits_kind"
_ORIGIN = "ck_ledger_entries_origin_named"
_REPLACED = {
    "(kind IN ('deposit', 'reversal') AND amount_cents >= 0)": (
        "(kind IN ('deposit', 'reversal') AND amount_cents >= 0)"
        " OR (kind = 'adjustment' AND amount_cents <> 0)"
    ),
    "(kind = 'deposit') = (transaction_uuid IS NULL)": (
        "(kind IN ('deposit', 'adjustment')) = (transaction_uuid IS NULL)"
    ),
}
_CONSTRAINTS = {
    _SIGN: "(kind = 'redemption' AND amount_cents <= 0)"
    " OR (kind IN ('deposit', 'reversal') AND amount_cents >= 0)"
    " OR (kind = 'adjustment' AND amount_cents <> 0)",
    _ORIGIN: "(kind IN ('deposit', 'adjustment')) = (transaction_uuid IS NULL)"
    " AND (transaction_uuid IS NULL) = (policy_uuid IS NULL)",
}
_REWRITE = sa.text(
    "UPDATE sqlite_schema SET sql = replace(sql, :old, :new)"
    " WHERE type = 'table' AND name = 'ledger_entries' AND instr(sql, :old) > 0"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _replace_on_postgresql()
    else:
        _rewrite_on_sqlite()
    op.create_table(
        "ledger_adjustments",
        sa.Column("entry_uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_ledger_adjustments_enterprise_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_uuid"], ["ledger_entries.uuid"], name=op.f("fk_ledger_adjustments_entry_uuid")
        ),
        sa.PrimaryKeyConstraint("entry_uuid", name=op.f("pk_ledger_adjustments")),
    )
    op.create_index(
        op.f("ix_ledger_adjustments_enterprise_uuid"), "ledger_adjustments", ["enterprise_uuid"]
    )


def _replace_on_postgresql() -> None:
    """Every row meets the new constraints because it meets the old ones, so that nobody has to
    wait until all rows are read."""
    for name, condition in _CONSTRAINTS.items():
        op.drop_constraint(name, "ledger_entries", type_="check")
        op.execute(
            f"ALTER TABLE ledger_entries ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"
        )
        op.execute(f"ALTER TABLE ledger_entries VALIDATE CONSTRAINT {name}")


def _rewrite_on_sqlite() -> None:
    """Changes the text of the table's definition, as migration 0011 does and explains."""
    connection = op.get_bind()
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    try:
        for old, new in _REPLACED.items():
            if connection.execute(_REWRITE, {"old": old, "new": new}).rowcount != 1:
                raise RuntimeError("the definition of ledger_entries is not that of migration 0002")
        # Every connection reads the definition again when the number of its version has changed.
        connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    finally:
        # This connection does so at once.
        connection.execute(sa.text("PRAGMA writable_schema = RESET"))
