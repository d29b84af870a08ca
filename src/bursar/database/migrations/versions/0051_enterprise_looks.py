"""How an enterprise shows itself to its learners."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant

revision: str = "0051"
down_revision: str | None = "0050"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "enterprise_looks",
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("logo", sa.String(), nullable=True),
        sa.Column("accent", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("ask_consent", sa.Boolean(), nullable=False),
        sa.Column("consent_text", sa.String(), nullable=True),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise_uuid", name=op.f("pk_enterprise_looks")),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_enterprise_looks_enterprise_uuid_enterprises"),
        ),
    )
