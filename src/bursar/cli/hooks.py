"""`bursar hooks`: the addresses at which an LMS tells what has happened there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from bursar import clock
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.database.types import AnyRow
from bursar.enrollment.progress import hooks
from bursar.enrollment.progress.hooks import NewSecret

app = typer.Typer(
    help="Manage the addresses at which an LMS tells of progress.", no_args_is_help=True
)

Hook = Annotated[UUID, typer.Argument(help="The hook's uuid.")]


@contextmanager
def _changing() -> Iterator[Session]:
    """Refusals end the command, with nothing changed."""
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                yield session
        except LookupError as refused:
            fail(str(refused), EXIT_INVALID)


def _print(made: NewSecret) -> None:
    typer.echo(f"{settings_or_fail().public_url}{made.path}")
    if made.signing_key is not None:
        typer.echo(made.signing_key)


@app.command()
def create(
    enterprise: Annotated[
        UUID | None,
        typer.Option("--enterprise", help="The only one about whose learners it tells. Else all."),
    ] = None,
    signed: Annotated[
        bool, typer.Option("--signed", help="Take only requests that are signed.")
    ] = False,
    description: Annotated[str, typer.Option("--description")] = "",
) -> None:
    """Make an address; print it, and the key that signs, once."""
    with _changing() as session:
        made = hooks.create_hook(
            session,
            operator(),
            enterprise,
            description=description,
            is_signed=signed,
            at=clock.now(),
        )
    _print(made)


@app.command("list")
def list_all(
    enterprise: Annotated[UUID | None, typer.Option("--enterprise")] = None,
) -> None:
    """List the addresses without their secrets, and how much they have told."""
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        found = hooks.list_hooks(connection, enterprise)
    for hook in found:
        typer.echo(_line(hook))


def _line(hook: AnyRow) -> str:
    told = "never" if hook.told_at is None else clock.format_instant(hook.told_at)
    return (
        f"{hook.uuid}  {hook.enterprise_uuid or 'all enterprises'}  "
        f"{'live' if hook.disabled_at is None else 'disabled'}"
        f"{'' if hook.signing_salt is None else ', signed'}  last told: {told}  "
        f"told: {hook.told}, people unknown: {hook.unknown_people}, "
        f"runs unknown: {hook.unknown_runs}  {hook.description}"
    ).rstrip()


@app.command()
def rotate(hook: Hook) -> None:
    """Print a new address; the one before is good for 24 hours more."""
    with _changing() as session:
        made = hooks.rotate_hook(session, operator(), hook, at=clock.now())
    _print(made)


@app.command()
def disable(hook: Hook) -> None:
    """Answer at this address as if it was not there, at once."""
    with _changing() as session:
        hooks.enable_hook(session, operator(), hook, enabled=False, at=clock.now())


@app.command()
def enable(hook: Hook) -> None:
    """Take again what is told at an address that was disabled."""
    with _changing() as session:
        hooks.enable_hook(session, operator(), hook, enabled=True, at=clock.now())
