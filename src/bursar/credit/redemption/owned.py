"""Transactions that paths name."""

from sqlalchemy import and_, bindparam

from bursar.credit.models import SubsidyTransaction
from bursar.web.principal import Owned

_transaction = SubsidyTransaction.__table__
TRANSACTION = Owned(
    source=_transaction,
    enterprise=_transaction.c.enterprise_uuid,
    condition=and_(
        _transaction.c.uuid == bindparam("transaction_uuid"),
        _transaction.c.policy_uuid == bindparam("policy_uuid"),
    ),
    columns=tuple(_transaction.c),
)
