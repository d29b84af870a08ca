"""What mails hold of people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Table, case, literal

from bursar.database.holdings import Holding
from bursar.database.types import Instant
from bursar.delivery.models import Mail, MailStatus

_MAILS: Final = cast("Table", Mail.__table__)
_IS_PENDING: Final = _MAILS.c.status == MailStatus.PENDING.value
ERASED: Final = "The learner was erased."


def _erased(at: datetime) -> Mapping[str, Any]:
    """What a mail says goes too, because it can name the person in any words."""
    return {
        "context": {},
        "status": case((_IS_PENDING, MailStatus.DROPPED.value), else_=_MAILS.c.status),
        "error": case((_IS_PENDING, ERASED), else_=_MAILS.c.error),
        "finished_at": case((_IS_PENDING, literal(at, Instant)), else_=_MAILS.c.finished_at),
    }


HOLDINGS: Final = (
    # A mail that was sent tells where it went. One that waits goes to the address of its owner:
    # see `redirect_pending`.
    Holding(
        table=_MAILS,
        address=_MAILS.c.recipient,
        documents=(_MAILS.c.context,),
        since=_MAILS.c.created_at,
        erased=_erased,
        follows_renaming=False,
    ),
)
