"""Sandboxes: enterprises that exist for tests. Which ones are, `identity` knows.

What changes them expects the caller's transaction.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.events.service import publish
from bursar.identity.clocks import advance_clock
from bursar.identity.refusals import ClockTooFarAhead
from bursar.sandboxes.commands import AdvanceClock
from bursar.sandboxes.due import DueWork
from bursar.sandboxes.events import SandboxClockAdvanced, SandboxReset
from bursar.sandboxes.faults import count_asked, faults_among, faults_of, set_faults
from bursar.sandboxes.views import NO_FAULTS, AdvancedClock

MOST_SHOWN: Final = 1_000

__all__ = [
    "ClockTooFarAhead",
    "advance",
    "count_asked",
    "faults_among",
    "faults_of",
    "reset",
    "set_faults",
]


def advance(session: Session, actor: Actor, due: DueWork, command: AdvanceClock) -> AdvancedClock:
    """Makes it later in a sandbox, and does what is due then.

    Raises ClockTooFarAhead.
    """
    uuid = command.enterprise_uuid
    ahead = advance_clock(session, uuid, command.span)
    # Not before: another call may have advanced the clock while this one waited for its turn.
    now = clock.real_now() + ahead
    changes = {"now": (now - command.span, now)}
    event = SandboxClockAdvanced(object_id=uuid, enterprise_uuid=uuid, changes=changes)
    publish(session, actor, [event], at=now)
    happened = due.do(session, uuid, ahead)
    return AdvancedClock(now, int(ahead.total_seconds()), len(happened), happened[:MOST_SHOWN])


def reset(session: Session, actor: Actor, enterprise_uuid: UUID, *, at: datetime) -> None:
    """Lets a test begin anew. Nothing goes wrong any more, and whoever keeps something for
    sandboxes forgets it, being told."""
    set_faults(session, actor, enterprise_uuid, NO_FAULTS, at=at)
    event = SandboxReset(object_id=enterprise_uuid, enterprise_uuid=enterprise_uuid)
    publish(session, actor, [event], at=at)
