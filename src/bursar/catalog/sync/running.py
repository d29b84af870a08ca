"""A run over the discovery service, from its beginning to its end or to the next obstacle.

No transaction is open while the service is asked: pages are kept as they come, and applied when
all of them are there.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.catalog.sync.applying import Guard, apply_pages
from bursar.catalog.sync.fetching import fetch_pages
from bursar.catalog.sync.models import SyncRun
from bursar.catalog.sync.refusals import AlreadyRunning, LostHold, SyncStopped
from bursar.catalog.sync.runs import Hold, Pattern, Wish, begin, let_go
from bursar.catalog.sync.source import ContentSource, SourceTrouble
from bursar.catalog.sync.views import SyncReport, report_of
from bursar.catalog.sync.work import HELD, Pause, Work
from bursar.database.engine import Database


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of a run."""

    pattern: Pattern
    most_percent: int
    """What it may remove of what is stored."""
    full: bool = False
    force: bool = False


def synchronise(
    database: Database,
    source: ContentSource,
    actor: Actor,
    order: Order,
    *,
    pause: Pause,
    tell: Callable[[str], None] = lambda _: None,
) -> SyncReport:
    """Resumes or begins a run. A page that does not come ends it early, and the report says so.

    Raises AlreadyRunning, and what `pause` asks for: SyncStopped.
    """
    hold, begun = _begun(database, source, order)
    if begun.is_resumed:
        tell(f"resumes the {begun.kind} that began at {clock.format_instant(begun.started_at)}")
    work = Work(database, source, actor, hold, pause, tell)
    started = time.monotonic()
    trouble: str | None = None
    try:
        fetch_pages(work)
        apply_pages(work, Guard(order.most_percent, order.force))
    except SourceTrouble as error:
        trouble = str(error)
    except (SyncStopped, LostHold):
        raise
    except Exception as error:
        trouble = f"an error of Bursar: {type(error).__name__}"
        raise
    finally:
        elapsed = time.monotonic() - started
        run = _left(database, hold, trouble, elapsed, begun.waited_seconds)
    return report_of(run, is_resumed=begun.is_resumed)


def _begun(database: Database, source: ContentSource, order: Order) -> tuple[Hold, SyncReport]:
    wish = Wish(source.name, uuid4().hex, HELD, order.full, order.force)
    try:
        with database.transaction() as session:
            hold = begin(session, wish, order.pattern, clock.now())
            run = session.get_one(SyncRun, hold.run_id)
            return hold, report_of(run, is_resumed=run.pages > 0)
    except IntegrityError:
        # Another process has begun one at the same instant.
        raise AlreadyRunning from None


def _left(
    database: Database, hold: Hold, trouble: str | None, elapsed: float, waited_before: float
) -> SyncRun:
    with database.transaction() as session:
        run = _locked(session, hold)
        run.busy_seconds += max(0.0, elapsed - (run.waited_seconds - waited_before))
        let_go(session, hold, clock.now(), trouble)
        return run


def _locked(session: Session, hold: Hold) -> SyncRun:
    return session.get_one(SyncRun, hold.run_id, with_for_update=True)
