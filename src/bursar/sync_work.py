"""How an installation pulls content from its discovery service: what the settings say."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.catalog.sync.refusals import AlreadyRunning, LostHold, SyncStopped
from bursar.catalog.sync.runs import Pattern
from bursar.catalog.sync.service import is_sync_due
from bursar.jobs.context import JobContext
from bursar.jobs.loops import Loop
from bursar.settings import Settings

if TYPE_CHECKING:
    from bursar.catalog.sync.running import Order
    from bursar.connectors.discovery.client import DiscoverySource

SECONDS: Final = 15.0
_ACTOR: Final = Actor("task:sync-discovery", kind=ActorKind.TASK)


def pattern_of(settings: Settings) -> Pattern:
    return Pattern(
        timedelta(hours=settings.discovery_every), timedelta(days=settings.discovery_full_every)
    )


def order_of(settings: Settings, *, full: bool = False, force: bool = False) -> "Order":
    # What stores documents: for those only who sync.
    from bursar.catalog.sync.running import Order  # noqa: PLC0415

    return Order(pattern_of(settings), settings.discovery_max_removed_percent, full, force)


@contextmanager
def discovery_source(settings: Settings) -> Iterator["DiscoverySource"]:
    # The HTTP client is slow to import, and needed with a discovery service only.
    from bursar.connectors.discovery.client import DiscoverySource  # noqa: PLC0415

    source = DiscoverySource.of(settings)
    try:
        yield source
    finally:
        source.close()


def sync_loops(settings: Settings) -> list[Loop]:
    """None without a discovery service. Workers look by turns, and one of them syncs."""
    if not settings.discovery_url:
        return []

    def sync(context: JobContext) -> None:
        with discovery_source(settings) as source:
            with context.database.read() as connection:
                session = Session(connection)
                is_due = is_sync_due(session, source.name, pattern_of(settings), clock.now())
            if is_due:
                _synchronise(context, source, settings)

    return [Loop("discovery", sync, SECONDS)]


def _synchronise(context: JobContext, source: "DiscoverySource", settings: Settings) -> None:
    # What stores documents: for those only who sync.
    from bursar.catalog.sync.running import synchronise  # noqa: PLC0415

    order, pause = order_of(settings), context.stopping.wait
    try:
        synchronise(context.database, source, _ACTOR, order, pause=pause)
    except (AlreadyRunning, LostHold, SyncStopped):
        # Another worker has it, or this one ends: the run goes on either way.
        return
