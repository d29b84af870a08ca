"""What learners have taken who have no account in the LMS yet."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant

revision: str = "0053"
down_revision: str | None = "0052"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "waiting_claims",
        sa.Column("subject_uuid", sa.Uuid(), nullable=False),
        sa.Column("course_key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("subject_uuid", "course_key", name=op.f("pk_waiting_claims")),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_waiting_claims_enterprise_uuid_enterprises"),
        ),
        sa.CheckConstraint(
            "kind IN ('assignment', 'license')", name=op.f("ck_waiting_claims_kind_known")
        ),
    )
    op.create_index(
        op.f("ix_waiting_claims_enterprise_uuid"), "waiting_claims", ["enterprise_uuid"]
    )
