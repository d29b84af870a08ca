"""What the parts of a run share: the database, the source, and the hold on the run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.catalog.sync.models import SyncRun
from bursar.catalog.sync.refusals import SyncStopped
from bursar.catalog.sync.runs import Hold
from bursar.catalog.sync.source import ContentSource
from bursar.database.engine import Database

HELD: Final = timedelta(minutes=3)
"""For how long a process holds its run after it was last seen at work. It is longer than the
attempt at a page takes."""
_SLICE: Final = 30.0

Pause: TypeAlias = Callable[[float], bool]
"""Lets seconds pass; true when the process is to stop."""


@dataclass(frozen=True, slots=True)
class Work:
    database: Database
    source: ContentSource
    actor: Actor
    hold: Hold
    pause: Pause
    tell: Callable[[str], None]
    """Is told now and then, in a sentence, what is going on."""

    @contextmanager
    def step(self) -> Iterator[tuple[Session, SyncRun]]:
        """One transaction with the run, which is held anew. Raises LostHold."""
        with self.database.transaction() as session:
            yield session, self.hold.taken(session, clock.now())

    def wait(self, seconds: float) -> None:
        """Raises SyncStopped when the process is to stop, and LostHold."""
        left = seconds
        if seconds > _SLICE:
            self.tell(f"waits {seconds:.0f} s, as the service asks for")
        while left > 0:
            part = min(left, _SLICE)
            if self.pause(part):
                raise SyncStopped
            left -= part
            with self.step() as (_, run):
                run.waited_seconds += part
