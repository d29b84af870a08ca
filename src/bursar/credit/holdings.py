"""What learner credit holds of people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Table, case, func, literal

from bursar.credit.models import Assignment, LedgerAdjustment, SubsidyTransaction
from bursar.credit.states import AssignmentState, TransactionState
from bursar.database.holdings import Holding
from bursar.database.types import Instant

_ASSIGNMENTS: Final = cast("Table", Assignment.__table__)
_TRANSACTIONS: Final = cast("Table", SubsidyTransaction.__table__)

_ADJUSTMENTS: Final = cast("Table", LedgerAdjustment.__table__)
_ENDED: Final = _ASSIGNMENTS.c.state.in_([AssignmentState.CANCELLED, AssignmentState.EXPIRED])


def _scrubbed(at: datetime) -> Mapping[str, Any]:
    """The task that scrubs ended assignments has nothing left to do."""
    scrubbed_at = func.coalesce(_ASSIGNMENTS.c.scrubbed_at, literal(at, Instant))
    return {"scrubbed_at": case((_ENDED, scrubbed_at), else_=_ASSIGNMENTS.c.scrubbed_at)}


HOLDINGS: Final = (
    Holding(
        table=_ASSIGNMENTS,
        address=_ASSIGNMENTS.c.learner_email,
        account=_ASSIGNMENTS.c.lms_user_id,
        since=_ASSIGNMENTS.c.allocated_at,
        erased=_scrubbed,
    ),
    Holding(table=_ADJUSTMENTS, documents=(_ADJUSTMENTS.c.reason,), follows_renaming=False),
    Holding(
        table=_TRANSACTIONS,
        address=_TRANSACTIONS.c.learner_email,
        account=_TRANSACTIONS.c.lms_user_id,
        since=_TRANSACTIONS.c.created_at,
        busy=_TRANSACTIONS.c.state == TransactionState.CREATED.value,
        busy_with="a redemption",
    ),
)
