"""How stores are: what attempts say of them. Expects the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.orm import Session

from bursar.delivery.service import postpone_for_target
from bursar.outgoing.health import lock_targets, note_failure, note_success
from bursar.outgoing.patience import break_after
from bursar.outgoing.reply import Reply
from bursar.xapi.models import XapiConnection

_connections: Final = cast("Table", XapiConnection.__table__)


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of an array."""

    connection: UUID
    trouble: Reply | None
    """The answer because of which others would fare no better now; None: it takes statements."""
    failing_since: datetime | None
    """As it was when the array was prepared."""


def lock_connections(session: Session, observed: Sequence[Observed]) -> None:
    lock_targets(session, _connections, {each.connection for each in observed})


def note_health(session: Session, observed: Sequence[Observed], now: datetime) -> None:
    """Remembers successes and failures, and leaves alone for a while what is not well."""
    ill = {each.connection for each in observed if each.trouble}
    well = {each.connection for each in observed if each.trouble is None}
    note_success(session, _connections, well, now)
    note_failure(session, _connections, ill, now)
    for each in observed:
        if each.trouble is not None:
            pause = break_after(each.trouble, each.failing_since, now)
            postpone_for_target(session, each.connection, now, now + pause)
