"""`bursar enterprise`."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from bursar import clock
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.customers.deletion import NotSuspended, archive, delete_enterprise
from bursar.identity.service import UnknownEnterprise, list_enterprises, set_suspended

app = typer.Typer(help="List, suspend, resume or delete enterprises.", no_args_is_help=True)

Enterprise = Annotated[UUID, typer.Argument(help="The enterprise's uuid.")]


@app.command("list")
def list_all() -> None:
    """List enterprises, and whether they are suspended."""
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        for enterprise in list_enterprises(connection):
            since = enterprise.suspended_at
            state = f"suspended {clock.format_instant(since)}" if since else "in use"
            state += ", sandbox" if enterprise.is_sandbox else ""
            typer.echo(f"{enterprise.uuid}  {enterprise.slug}  {state}  {enterprise.name}")


@app.command()
def suspend(uuid: Enterprise) -> None:
    """Refuse the clients of an enterprise, and send nothing for it."""
    changed = _set_suspended(uuid, suspended=True)
    typer.echo(f"{uuid} is suspended" if changed else f"{uuid} was suspended already")


@app.command()
def resume(uuid: Enterprise) -> None:
    """Let a suspended enterprise work again."""
    changed = _set_suspended(uuid, suspended=False)
    typer.echo(f"{uuid} is in use" if changed else f"{uuid} was in use already")


@app.command()
def delete(
    uuid: Enterprise,
    file: Annotated[
        Path,
        typer.Option("--archive", help="The new file for ledger and audit trail, as JSON lines."),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; this cannot be undone.")] = False,
) -> None:
    """Delete a suspended enterprise with all of its data, after its books were archived."""
    if not yes:
        fail("Nothing was deleted. This cannot be undone: say --yes to do it.", EXIT_INVALID)
    with opened_database(settings_or_fail()) as database:
        try:
            lines = archive(database, uuid, file)
            typer.echo(f"{file}: {lines} rows of ledger and audit trail")
            rows = delete_enterprise(database, operator(), uuid, clock.now())
        except (UnknownEnterprise, NotSuspended) as error:
            fail(str(error), EXIT_INVALID)
        except FileExistsError:
            fail(f"{file} exists already. Name a new file.", EXIT_INVALID)
        except OSError as error:
            fail(f"{file} cannot be written: {error.strerror}")
    typer.echo(f"{uuid} is deleted: {rows} rows")


def _set_suspended(uuid: UUID, *, suspended: bool) -> bool:
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                return set_suspended(session, operator(), uuid, clock.now(), suspended=suspended)
        except UnknownEnterprise as error:
            fail(str(error), EXIT_INVALID)
