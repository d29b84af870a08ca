"""The ledger of a subsidy is read in the order of the days that its entries count from."""

from collections.abc import Sequence

from alembic import op

from bursar.database.online import create_index

revision: str = "0059"
down_revision: str | None = "0058"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_index(
        "ix_ledger_entries_subsidy_uuid_effective_at",
        "ledger_entries",
        ["subsidy_uuid", "effective_at"],
    )
    # The index before it begins with the subsidy too, so nobody looks for entries without one.
    op.drop_index("ix_ledger_entries_subsidy_uuid_created_at", "ledger_entries")
