"""Mails of sandboxes are kept and never sent; they are forgotten when the sandbox is reset."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from sqlalchemy import Table, delete
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.delivery.channel import Attempt, QueuedDelivery
from bursar.delivery.models import Channel, Delivery
from bursar.delivery.rules import delivered, failed
from bursar.sandboxes.events import SandboxReset

BOUNCED: Final = "550 5.1.1 bounced, because the faults of the sandbox say so"
BOUNCED_STATUS: Final = 550
CAPTURED: Final = "captured, because the enterprise is a sandbox"
"""The answer that is recorded in place of a mail server's."""
_TABLE: Final = cast("Table", Delivery.__table__)


def captured(mail: QueuedDelivery, now: datetime, *, bounces: bool) -> Attempt:
    """What comes of a mail of a sandbox."""
    if not bounces:
        return delivered(mail, now, answer=CAPTURED)
    return failed(mail, now, BOUNCED, for_good=True, status=BOUNCED_STATUS, answer=BOUNCED)


def forget_captured(
    session: Session, _actor: Actor, events: Sequence[SandboxReset], _at: datetime
) -> None:
    """Those included that wait: a mail of the test before is no mail of the next one. A worker that
    has one in hand finds no row to record it in, and leaves it at that."""
    mine = _TABLE.c.enterprise_uuid.in_([event.enterprise_uuid for event in events])
    session.execute(delete(_TABLE).where(mine, _TABLE.c.channel == Channel.MAIL.value))
