"""The mails to an address are found without reading all deliveries of the enterprise."""

from collections.abc import Sequence

import sqlalchemy as sa

from bursar.database.online import create_index

revision: str = "0055"
down_revision: str | None = "0054"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_index(
        "ix_deliveries_mail_to",
        "deliveries",
        ["enterprise_uuid", "recipient", "id"],
        where=sa.text("channel = 'mail'"),
    )
