"""Every transaction of an enterprise that filters select."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from bursar.credit.models import SubsidyTransaction
from bursar.credit.redemption.commands import TransactionFilters
from bursar.credit.redemption.records import COLUMNS, TransactionRecord
from bursar.credit.redemption.views import TransactionItem, transaction_item
from bursar.database.streams import batches

FIRST_BATCH: Final = 100
BATCH: Final = 1_000

_table: Final = SubsidyTransaction.__table__.c


def all_transactions(
    connection: Connection, enterprise_uuid: UUID, filters: TransactionFilters
) -> Iterator[list[TransactionItem]]:
    """The newest first, in batches that keep memory constant. The connection must be in a
    snapshot."""
    statement = (
        select(_table.enterprise_uuid, *COLUMNS)
        .where(_table.enterprise_uuid == enterprise_uuid, *_conditions(filters))
        .order_by(_table.created_at.desc(), _table.uuid)
    )
    for rows in batches(connection, statement, {}, first=FIRST_BATCH, size=BATCH):
        yield [transaction_item(TransactionRecord(*row)) for row in rows]


def _conditions(filters: TransactionFilters) -> Iterator[ColumnElement[bool]]:
    if filters.states is not None:
        yield _table.state.in_(sorted(state.value for state in filters.states))
    if filters.policy_uuid is not None:
        yield _table.policy_uuid == filters.policy_uuid
    if filters.subsidy_uuid is not None:
        yield _table.subsidy_uuid == filters.subsidy_uuid
    if filters.learner_email is not None:
        yield _table.learner_email == filters.learner_email
    if filters.created_since is not None:
        yield _table.created_at >= filters.created_since
