"""What mails hold of people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Table, case, literal

from bursar.database.holdings import Holding
from bursar.database.types import Instant
from bursar.delivery.models import Delivery, DeliveryStatus

_DELIVERIES: Final = cast("Table", Delivery.__table__)
_IS_PENDING: Final = _DELIVERIES.c.status == DeliveryStatus.PENDING.value
ERASED: Final = "The learner was erased."


def _erased(at: datetime) -> Mapping[str, Any]:
    """What a mail says goes too, because it can name the person in any words."""
    return {
        "context": {},
        "status": case((_IS_PENDING, DeliveryStatus.DROPPED.value), else_=_DELIVERIES.c.status),
        "error": case((_IS_PENDING, ERASED), else_=_DELIVERIES.c.error),
        "finished_at": case((_IS_PENDING, literal(at, Instant)), else_=_DELIVERIES.c.finished_at),
    }


HOLDINGS: Final = (
    # A mail that was sent tells where it went. One that waits goes to the address of its owner:
    # see `redirect_pending`.
    Holding(
        table=_DELIVERIES,
        address=_DELIVERIES.c.recipient,
        documents=(_DELIVERIES.c.context,),
        since=_DELIVERIES.c.created_at,
        erased=_erased,
        follows_renaming=False,
    ),
)
