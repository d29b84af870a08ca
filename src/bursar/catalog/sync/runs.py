"""Which run is worked on, and by whom. Every change of a run is one transaction of its caller."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar.catalog.sync.models import SyncPage, SyncRun
from bursar.catalog.sync.refusals import AlreadyRunning, LostHold
from bursar.catalog.sync.states import SyncState

PAGES_LAST: Final = timedelta(hours=48)
"""A run that began earlier is not resumed: its first pages are no longer what the service says."""
OVERLAP: Final = timedelta(minutes=5)
"""By which a delta asks for more than it lacks, because clocks differ and changes take a while to
be committed there."""
FULL_AGAIN: Final = timedelta(days=1)
"""After a full sweep that removed nothing although things were missing."""
FIRST_PAUSE: Final = timedelta(minutes=5)
"""After the first failure of a run; it doubles with each, up to the usual time between runs."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """How often runs begin by themselves."""

    every: timedelta
    full_every: timedelta


@dataclass(frozen=True, slots=True)
class Hold:
    """Of a process on the run that it works on."""

    run_id: int
    holder: str
    lasts: timedelta

    def taken(self, session: Session, at: datetime) -> SyncRun:
        """The run, locked, and held anew from now. Raises LostHold."""
        run = session.get_one(SyncRun, self.run_id, with_for_update=True)
        if run.holder != self.holder or run.state != SyncState.OPEN:
            raise LostHold
        run.held_until = at + self.lasts
        return run


@dataclass(frozen=True, slots=True)
class Wish:
    source: str
    holder: str
    lasts: timedelta
    full: bool = False
    """A sweep of everything, although one of what was changed would be due."""
    force: bool = False
    """Goes on with a sweep that the guard has stopped, if there is one."""


def begin(session: Session, wish: Wish, pattern: Pattern, at: datetime) -> Hold:
    """Resumes the open run, or begins one. Raises AlreadyRunning."""
    run = _resumable(session, wish, at)
    if run is None and wish.force:
        run = _reopened(session, wish, at)
    if run is None:
        run = _new(session, wish, pattern, at)
    run.holder, run.held_until = wish.holder, at + wish.lasts
    session.flush()
    return Hold(run.id, wish.holder, wish.lasts)


def _resumable(session: Session, wish: Wish, at: datetime) -> SyncRun | None:
    open_run = select(SyncRun).where(SyncRun.state == SyncState.OPEN).with_for_update()
    run = session.scalars(open_run).one_or_none()
    if run is None:
        return None
    if run.held_until is not None and run.held_until > at:
        raise AlreadyRunning(run.held_until)
    too_small = wish.full and not run.is_full
    if run.source == wish.source and not too_small and at - run.started_at < PAGES_LAST:
        return run
    end(session, run, SyncState.DROPPED, at)
    return None


def _reopened(session: Session, wish: Wish, at: datetime) -> SyncRun | None:
    """The last run, if it was guarded and its pages can be used still."""
    run = last_run(session, wish.source, is_full=True)
    usable = run is not None and at - run.started_at < PAGES_LAST
    if run is None or run.state != SyncState.GUARDED or not usable:
        return None
    run.state, run.ended_at, run.reason = SyncState.OPEN, None, None
    return run


def _new(session: Session, wish: Wish, pattern: Pattern, at: datetime) -> SyncRun:
    done = last_run(session, wish.source, state=SyncState.DONE)
    is_full = wish.full or done is None or _is_full_due(session, wish.source, pattern, at)
    run = SyncRun(
        source=wish.source,
        state=SyncState.OPEN,
        is_full=is_full,
        since=None if done is None or is_full else _known_until(done),
        is_complete=False,
        started_at=at,
        failures=0,
        tried_at=at,
        pages=0,
        created=0,
        changed=0,
        unchanged=0,
        removed=0,
        rejected=0,
        rejections=[],
        busy_seconds=0.0,
        waited_seconds=0.0,
    )
    # Pages of runs that the guard has stopped are of no use to anybody any more.
    session.execute(delete(SyncPage))
    session.add(run)
    return run


def _known_until(run: SyncRun) -> datetime:
    """Whatever was changed before that instant by either clock is known."""
    return min(run.started_at, run.told_at or run.started_at) - OVERLAP


def _is_full_due(session: Session, source: str, pattern: Pattern, at: datetime) -> bool:
    complete = last_run(session, source, state=SyncState.DONE, is_full=True, is_complete=True)
    if complete is not None and complete.started_at + pattern.full_every > at:
        return False
    tried = last_run(session, source, is_full=True)
    pause = min(FULL_AGAIN, pattern.full_every)
    return tried is None or tried.state == SyncState.DROPPED or tried.started_at + pause <= at


def is_due(session: Session, source: str, pattern: Pattern, at: datetime) -> bool:
    """Whether a worker begins a run, or goes on with one, by itself."""
    run = last_run(session, source)
    if run is None:
        return True
    if run.state != SyncState.OPEN:
        return run.started_at + pattern.every <= at or run.state == SyncState.DROPPED
    if run.held_until is not None and run.held_until > at:
        return False
    pause = FIRST_PAUSE * 2 ** (min(run.failures, 16) - 1) if run.failures else timedelta()
    return run.tried_at + min(pause, pattern.every) <= at


def last_run(session: Session, source: str, **columns: object) -> SyncRun | None:
    """The newest with these values."""
    found = select(SyncRun).where(SyncRun.source == source).filter_by(**columns)
    return session.scalars(found.order_by(SyncRun.id.desc()).limit(1)).one_or_none()


def end(session: Session, run: SyncRun, state: SyncState, at: datetime) -> None:
    """Its pages go, unless the guard stopped it: `--force` goes on with them."""
    run.state, run.ended_at, run.tried_at = state, at, at
    run.holder = run.held_until = None
    if state is not SyncState.GUARDED:
        session.execute(delete(SyncPage).where(SyncPage.run_id == run.id))


def let_go(session: Session, hold: Hold, at: datetime, trouble: str | None) -> None:
    """The next process may resume the run at once, or after a while when there was trouble."""
    run = session.get_one(SyncRun, hold.run_id, with_for_update=True)
    if run.holder != hold.holder:
        return
    run.holder = run.held_until = None
    run.tried_at = at
    if trouble is not None:
        run.failures += 1
        run.reason = trouble
