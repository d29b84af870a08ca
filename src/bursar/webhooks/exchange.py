"""What the sending of webhooks asks of the database: one thread of a worker does all of it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bursar import clock
from bursar.database.engine import Database
from bursar.delivery.service import (
    Attempt,
    Channel,
    Lease,
    QueuedDelivery,
    is_any_due,
    record,
    release,
)
from bursar.events.sequencing import Sequencer
from bursar.identity.sealing import Seal
from bursar.webhooks.fanout import fan_out, is_behind
from bursar.webhooks.health import Observed, lock_endpoints, note_health
from bursar.webhooks.replaying import continue_replays
from bursar.webhooks.taking import Work, take_work

MOST_TAKEN: Final = 500
"""Deliveries that are taken in one transaction."""


@dataclass(frozen=True, slots=True)
class Done:
    """A request that came to an end, or a delivery that is given back because it was not begun."""

    lease: Lease
    attempt: Attempt | None
    observed: Observed | None
    unbegun: QueuedDelivery | None = None


class Exchange:
    """Writes what was done, and brings what is to be done."""

    def __init__(self, database: Database, seal: Callable[[], Seal]) -> None:
        self._database = database
        self._seal = seal
        self._sequencer = Sequencer(database)

    def record(self, done: Sequence[Done]) -> None:
        """In one transaction. Of deliveries whose lease is over, nothing is written."""
        if not done:
            return
        observed = [each.observed for each in done if each.observed]
        with self._database.transaction() as session:
            lock_endpoints(session, observed)
            by_end = defaultdict[datetime, list[Done]](list)
            for each in done:
                by_end[each.lease.until].append(each)
            for until, some in sorted(by_end.items()):
                record(session, [each.attempt for each in some if each.attempt], until)
                unbegun = [each.unbegun for each in some if each.unbegun]
                if unbegun:
                    release(session, unbegun, until)
            note_health(session, observed, clock.now())

    def fan_out(self) -> bool:
        """Whether there was something to do."""
        self._sequencer.place()
        with self._database.read() as connection:
            behind, replaying = is_behind(connection)
        if behind:
            with self._database.transaction() as session:
                fan_out(session, clock.now())
        if replaying:
            with self._database.transaction() as session:
                continue_replays(session, clock.now())
        return behind or replaying

    def take(self, limit: int, own: Collection[datetime]) -> Sequence[Work]:
        """What is due now, at most so much."""
        now = clock.now()
        with self._database.read() as connection:
            if not is_any_due(connection, Channel.WEBHOOK, now):
                return []
        with self._database.transaction() as session:
            return take_work(session, self._seal(), now, limit=min(limit, MOST_TAKEN), own=own)
