"""Enrollments are found by when they began and when they were passed, to count them over time."""

from collections.abc import Sequence

import sqlalchemy as sa

from bursar.database.online import create_index

revision: str = "0058"
down_revision: str | None = "0057"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_index(
        "ix_enrollments_enterprise_uuid_enrolled_at",
        "enrollments",
        ["enterprise_uuid", "enrolled_at"],
    )
    create_index(
        "ix_enrollments_passed",
        "enrollments",
        ["enterprise_uuid", "passed_date"],
        where=sa.text("passed_date IS NOT NULL"),
    )
