"""A seat is paid for once, by one transaction of learner credit.

Older versions let two budgets pay for one seat. Nothing here decides which of them was right: what
stands beside an earlier payment is marked, and the unique indexes pass over it. `bursar check`
names both.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database import online

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TABLE = "subsidy_transactions"
_STANDING = "state IN ('created', 'committed')"
_PAYS = sa.text(f"{_STANDING} AND NOT is_second_payment")


def upgrade() -> None:
    column: sa.Column[bool] = sa.Column(
        "is_second_payment", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    # An upgrade that broke off while an index was made has done this before.
    if not online.has_column(_TABLE, column.name):
        op.add_column(_TABLE, column)
    for learner in ("learner_email", "lms_user_id"):
        op.execute(_mark_second_payments(learner))
    for name, learner in (("address", "learner_email"), ("account", "lms_user_id")):
        online.create_index(
            f"uq_{_TABLE}_seat_of_{name}",
            _TABLE,
            ["enterprise_uuid", "courserun_key", learner],
            unique=True,
            where=_PAYS,
        )


def _mark_second_payments(learner: str) -> sa.Update:
    """All but the first of those that pay for one seat of this learner."""
    columns = ("uuid", "enterprise_uuid", "courserun_key", "created_at", learner)
    table = sa.table(_TABLE, *map(sa.column, (*columns, "is_second_payment")))
    seat = (table.c.enterprise_uuid, table.c.courserun_key, table.c[learner])
    numbered = (
        sa.select(
            table.c.uuid,
            sa.func.row_number()
            .over(partition_by=seat, order_by=(table.c.created_at, table.c.uuid))
            .label("number"),
        )
        .where(
            sa.text(_STANDING), table.c.courserun_key.is_not(None), table.c[learner].is_not(None)
        )
        .subquery()
    )
    second = sa.select(numbered.c.uuid).where(numbered.c.number > 1)
    return sa.update(table).where(table.c.uuid.in_(second)).values(is_second_payment=sa.true())
