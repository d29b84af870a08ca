"""`bursar sync`."""

import time
from typing import Annotated, Final

import typer

from bursar.catalog.sync.refusals import AlreadyRunning
from bursar.catalog.sync.running import synchronise
from bursar.catalog.sync.service import full_sweep_seconds
from bursar.catalog.sync.states import SyncState
from bursar.catalog.sync.views import SyncReport
from bursar.cli.exits import EXIT_FINDINGS, EXIT_INVALID, EXIT_SCHEMA, fail
from bursar.cli.support import looking_at, opened_database, operator, settings_or_fail
from bursar.database.engine import Database
from bursar.memory import collect_garbage_rarely
from bursar.settings import Settings
from bursar.sync_work import discovery_source, order_of

app = typer.Typer(help="Pull content from other services.", no_args_is_help=True)

_MINUTE: Final = 60
_HOUR: Final = 3600


@app.callback()
def sync() -> None:
    """Keeps `discovery` the name of a command, although it is the only one."""


@app.command()
def discovery(
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Ask for everything, and remove what is gone.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Remove it even if the guard would stop that.")
    ] = False,
) -> None:
    """Pull courses, course runs and programs from the discovery service."""
    settings = settings_or_fail()
    if not settings.discovery_url:
        fail("BURSAR_DISCOVERY_URL is not set: there is nothing to pull from.", EXIT_INVALID)
    with opened_database(settings) as database:
        collect_garbage_rarely()
        report = _synchronised(database, settings, full=full or force, force=force)
        _print(report, database, settings)
    _end(report)


def _synchronised(database: Database, settings: Settings, *, full: bool, force: bool) -> SyncReport:
    def pause(seconds: float) -> bool:
        time.sleep(seconds)
        return False

    with discovery_source(settings) as source:
        try:
            return synchronise(
                database,
                source,
                operator(),
                order_of(settings, full=full, force=force),
                pause=pause,
                tell=lambda line: typer.echo(line, err=True),
            )
        except AlreadyRunning as error:
            fail(str(error), EXIT_INVALID)


def _print(report: SyncReport, database: Database, settings: Settings) -> None:
    """The last line counts, as that of every command that imports does."""
    took = lasting(report.busy_seconds + report.waited_seconds)
    waited = f", of which {lasting(report.waited_seconds)} waiting" if report.waited_seconds else ""
    typer.echo(f"{report.kind}: {report.pages} pages in {took}{waited}")
    with discovery_source(settings) as source, looking_at(database) as session:
        known = full_sweep_seconds(session, source.name, settings.discovery_per_hour)
    if known:
        pages, seconds = known
        typer.echo(
            f"a full sweep asks for {pages} pages and takes about {lasting(seconds)} at "
            f"{settings.discovery_per_hour} requests an hour"
        )
    if report.reason:
        typer.echo(report.reason, err=True)
    typer.echo(
        f"{report.created} created, {report.changed} changed, {report.unchanged} unchanged, "
        f"{report.rejected} rejected, {report.removed} removed"
    )


def _end(report: SyncReport) -> None:
    if report.state is SyncState.GUARDED:
        fail("nothing was changed (--full --force: remove it all the same)", EXIT_SCHEMA)
    if report.state is not SyncState.DONE:
        fail("nothing that is listed was changed; the next sync goes on from here", EXIT_SCHEMA)
    if report.rejected:
        fail(f"{report.rejected} rejected", EXIT_FINDINGS)


def lasting(seconds: float) -> str:
    """As a person says it: `4 s`, `12 min`, `5.1 h`."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h"
