"""Transactions that paths name."""

from typing import Final

from sqlalchemy import and_, bindparam

from bursar.credit.models import SubsidyTransaction
from bursar.credit.redemption.records import COLUMNS, TransactionRecord
from bursar.tenancy import Owned

__all__ = ["ANY_TRANSACTION", "TRANSACTION", "TransactionRecord"]

_transaction: Final = SubsidyTransaction.__table__

TRANSACTION: Final = Owned(
    TransactionRecord,
    source=_transaction,
    enterprise=_transaction.c.enterprise_uuid,
    condition=and_(
        _transaction.c.uuid == bindparam("transaction_uuid"),
        _transaction.c.policy_uuid == bindparam("policy_uuid"),
    ),
    columns=COLUMNS,
)

ANY_TRANSACTION: Final = Owned(
    TransactionRecord,
    source=_transaction,
    enterprise=_transaction.c.enterprise_uuid,
    condition=_transaction.c.uuid == bindparam("transaction_uuid"),
    columns=COLUMNS,
)
"""Of whichever budget."""
