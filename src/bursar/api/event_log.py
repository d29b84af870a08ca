"""What the routes of the log need in a web process."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from bursar.api.event_follower import Follower, Wanted
from bursar.api.event_stream import EventFeed
from bursar.database.engine import Database
from bursar.events.sequencing import BATCH, Sequencer
from bursar.web.call import Later
from bursar.web.draining import is_draining
from bursar.web.streaming import Runner

_MOST_BATCHES: Final = 10
"""That one answer places: a worker that stood still may have left any number."""


@dataclass(frozen=True, slots=True)
class EventLog:
    database: Database
    """The primary. A standby gives no places, and may not have yet what the follower tells of."""
    sequencer: Sequencer
    follower: Follower

    @classmethod
    def over(cls, database: Database, threads: Runner) -> "EventLog":
        sequencer = Sequencer(database)
        return cls(database, sequencer, Follower(database, sequencer, threads, is_draining))

    def catch_up(self) -> bool:
        """Places what is committed by now, so that an answer tells it, as far as an answer can wait
        for. Whether there is more."""
        return all(self.sequencer.place() == BATCH for _ in range(_MOST_BATCHES))

    def feed(self, wanted: Wanted, position: int) -> EventFeed:
        return EventFeed(self.follower, self.database, wanted, position)

    def later(self, wanted: Wanted, position: int, seconds: float) -> Later:
        """To ask again from this position when something has happened, or the seconds are over."""
        return Later(seconds, partial(self.follower.listening, wanted), position)
