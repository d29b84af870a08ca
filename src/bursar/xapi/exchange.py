"""What the sending of statements asks of the database: one thread of a worker does all of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
from bursar.xapi.fanout import fan_out, is_behind
from bursar.xapi.health import Observed, lock_connections, note_health
from bursar.xapi.taking import Batch, take_batches


@dataclass(slots=True)
class Done:
    """An array that came to an end."""

    lease: Lease
    observed: Observed | None = None
    attempts: list[Attempt] = field(default_factory=list)
    unbegun: list[QueuedDelivery] = field(default_factory=list)
    """Given back."""


class Exchange:
    """Writes what was done, and brings what is to be done."""

    def __init__(self, database: Database, seal: Callable[[], Seal], lms_url: str) -> None:
        self._database = database
        self._seal = seal
        self._lms_url = lms_url
        self._sequencer = Sequencer(database)

    def record(self, done: Sequence[Done]) -> None:
        """In one transaction. Of deliveries whose lease is over, nothing is written."""
        if not done:
            return
        observed = [each.observed for each in done if each.observed]
        with self._database.transaction() as session:
            lock_connections(session, observed)
            for each in done:
                record(session, each.attempts, each.lease.until)
                if each.unbegun:
                    release(session, each.unbegun, each.lease.until)
            note_health(session, observed, clock.now())

    def fan_out(self) -> bool:
        """Whether there was something to do."""
        self._sequencer.place()
        with self._database.read() as connection:
            behind = is_behind(connection)
        if behind:
            with self._database.transaction() as session:
                fan_out(session, clock.now())
        return behind

    def take(self) -> Sequence[Batch]:
        """What is due now."""
        now = clock.now()
        with self._database.read() as connection:
            if not is_any_due(connection, Channel.XAPI, now):
                return []
        with self._database.transaction() as session:
            return take_batches(session, self._seal(), self._lms_url, now)
