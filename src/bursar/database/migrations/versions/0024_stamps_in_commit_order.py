"""Stamps of enrollments follow the order of commits, and tell what may be seen without consent.

`shown_changed_at` stays null in rows of earlier versions. Their enrollment and its end are then
what they are dated to.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("enrollments", sa.Column("shown_changed_at", Instant(), nullable=True))
    clocks = op.create_table(
        "commit_clocks",
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log", "owner", name=op.f("pk_commit_clocks")),
    )
    _begin_after_what_is_stored(clocks)


def _begin_after_what_is_stored(clocks: sa.Table) -> None:
    enrollments = sa.table(
        "enrollments", sa.column("enterprise_uuid", sa.Uuid()), sa.column("changed_at", Instant())
    )
    latest = sa.select(
        enrollments.c.enterprise_uuid, sa.func.max(enrollments.c.changed_at, type_=Instant())
    ).group_by(enrollments.c.enterprise_uuid)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    rows = [
        {"log": "enrollments", "owner": owner, "stamp": (at - epoch) // timedelta(microseconds=1)}
        for owner, at in op.get_bind().execute(latest).all()
    ]
    if rows:
        op.bulk_insert(clocks, rows)
