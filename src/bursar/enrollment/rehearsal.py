"""Every call that enrolls learners or ends enrollments in an LMS goes through here, so that the
faults of a sandbox can happen to it. To the calls of all others nothing is added but one look.

A test finds a call that goes by.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from threading import BoundedSemaphore
from time import sleep
from typing import Final, Protocol, TypeAlias
from uuid import UUID

from bursar.database.engine import Database
from bursar.enrollment.gateway import LmsEnrollment, LmsOutcome, LmsUnavailable
from bursar.sandboxes.service import count_asked, faults_among
from bursar.sandboxes.views import Faults, LmsFaults

AWAY: Final = "the LMS is away, because the faults of the sandbox say so"
SLOW: Final = "the LMS is slow, because the faults of the sandbox say so, and has no place left"
REFUSED: Final = "the LMS refuses it, because the faults of the sandbox say so"
PLACES: Final = 1
"""So many threads of a process wait for slow sandboxes at a time: fewer than any queue of a worker
has, so that it has others for enterprises that are none."""

Seats: TypeAlias = Sequence[LmsEnrollment]
Outcomes: TypeAlias = list[LmsOutcome]
_places = BoundedSemaphore(PLACES)
_may_wait: ContextVar[bool] = ContextVar("may_wait", default=True)


class Enrolls(Protocol):
    def enroll(self, enrollments: Seats) -> Outcomes: ...


class Ends(Protocol):
    def end(self, enrollments: Seats) -> Outcomes: ...


@contextmanager
def without_waiting() -> Iterator[None]:
    """For work that goes from enterprise to enterprise: in the block no call waits for a slow
    sandbox, because the enterprises whose turn comes after it would wait too."""
    token = _may_wait.set(False)
    try:
        yield
    finally:
        _may_wait.reset(token)


def enroll_in_lms(database: Database, lms: Enrolls, seats: Seats) -> Outcomes:
    """One outcome for each, in the same order. No transaction may be open."""
    return _call(database, seats, _Call(database, lms.enroll, refuses=True))


def end_in_lms(database: Database, lms: Ends, seats: Seats) -> Outcomes:
    """The same for enrollments that end, none of which is refused."""
    return _call(database, seats, _Call(database, lms.end, refuses=False))


def _call(database: Database, seats: Seats, call: "_Call") -> Outcomes:
    with database.read() as connection:
        faulty = faults_among(connection, {seat.enterprise_uuid for seat in seats})
    if not faulty:
        return call.act(seats)
    return _by_enterprise(seats, faulty, call)


def _by_enterprise(seats: Seats, faulty: dict[UUID, Faults], call: "_Call") -> Outcomes:
    """Those without faults come first, in one call, as if there were no others."""
    found: dict[int, LmsOutcome] = {}
    healthy = [place for place, seat in enumerate(seats) if seat.enterprise_uuid not in faulty]
    if healthy:
        found.update(zip(healthy, call.act([seats[each] for each in healthy]), strict=True))
    for uuid, faults in faulty.items():
        places = [place for place, seat in enumerate(seats) if seat.enterprise_uuid == uuid]
        # A call that is about others too does not wait for the sandboxes among them.
        may_wait = _may_wait.get() and len(places) == len(seats)
        outcomes = call.with_faults(faults.lms, [seats[each] for each in places], may_wait)
        found.update(zip(places, outcomes, strict=True))
    return [found[place] for place in range(len(seats))]


class _Call:
    def __init__(
        self, database: Database, act: Callable[[Seats], Outcomes], *, refuses: bool
    ) -> None:
        self.act = act
        self._database = database
        self._refuses = refuses

    def with_faults(self, faults: LmsFaults, seats: Seats, may_wait: bool) -> Outcomes:
        """Of one sandbox."""
        if faults.away:
            return _unavailable(seats, AWAY)
        if faults.slow_seconds and may_wait and not _has_waited(faults.slow_seconds):
            return _unavailable(seats, SLOW, retry_after=faults.slow_seconds)
        refused = self._refused(faults.refuse_one_in, seats) if self._refuses else set[int]()
        asked = [place for place in range(len(seats)) if place not in refused]
        answered = self.act([seats[each] for each in asked]) if asked else []
        outcomes = dict(zip(asked, answered, strict=True))
        return [
            outcomes.get(place, LmsOutcome(REFUSED, is_rehearsed=True))
            for place in range(len(seats))
        ]

    def _refused(self, one_in: int | None, seats: Seats) -> set[int]:
        if one_in is None:
            return set()
        with self._database.transaction() as session:
            before = count_asked(session, seats[0].enterprise_uuid, len(seats))
        return {place for place in range(len(seats)) if (before + place + 1) % one_in == 0}


def _unavailable(seats: Seats, reason: str, retry_after: float | None = None) -> Outcomes:
    trouble = LmsUnavailable(reason, retry_after, may_be_done=False)
    return [replace(LmsOutcome.unavailable(trouble), is_rehearsed=True) for _ in seats]


def _has_waited(seconds: float) -> bool:
    """False at once when enough threads wait already."""
    if not _places.acquire(blocking=False):
        return False
    try:
        sleep(seconds)
    finally:
        _places.release()
    return True
