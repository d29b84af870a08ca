"""Failed token requests are also counted by address alone."""

from collections.abc import Sequence

from bursar.database import online

revision: str = "0035"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    online.create_index("ix_token_failures_address_at", "token_failures", ["address", "at"])
