"""What allocating looks for is in one index, however many assignments a content has."""

from collections.abc import Sequence

from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = {
    "ix_assignments_content": ["configuration_uuid", "content_key", "learner_email"],
    "ix_assignments_lms_user": ["configuration_uuid", "lms_user_id", "content_key"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.drop_index(name, table_name="assignments")
        op.create_index(name, "assignments", columns)
