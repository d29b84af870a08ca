"""`bursar clients`."""

from typing import Annotated
from uuid import UUID

import typer

from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import looking_at, opened_database, operator, settings_or_fail
from bursar.identity import service
from bursar.identity.service import CreateClient, Role, UnknownClient

app = typer.Typer(help="Manage API clients.", no_args_is_help=True)

ClientId = Annotated[str, typer.Argument(help="The client id.")]


@app.command()
def create(
    client_id: ClientId,
    enterprise: Annotated[UUID, typer.Option("--enterprise", help="The enterprise's uuid.")],
    role: Annotated[Role, typer.Option("--role")] = Role.REPORTING,
) -> None:
    """Create a client and print its secret once."""
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                command = CreateClient(client_id=client_id, enterprise_uuid=enterprise, role=role)
                secret = service.create_client(session, operator(), command)
        except (LookupError, ValueError) as error:
            fail(str(error), EXIT_INVALID)
    typer.echo(secret)


@app.command("list")
def list_all(
    enterprise: Annotated[UUID | None, typer.Option("--enterprise")] = None,
) -> None:
    """List clients, their roles and whether they are disabled."""
    with opened_database(settings_or_fail()) as database, looking_at(database) as session:
        for client in service.list_clients(session, enterprise):
            roles = " ".join(f"{uuid}={role}" for uuid, role in client.roles.items())
            state = "disabled" if client.disabled_at else "live"
            typer.echo(f"{client.client_id}  {state}  {client.secrets} secrets  {roles}")


@app.command()
def rotate(client_id: ClientId) -> None:
    """Print a new secret; the latest old one stays valid."""
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                secret = service.rotate_secret(session, operator(), client_id)
        except UnknownClient as error:
            fail(str(error), EXIT_INVALID)
    typer.echo(secret)


@app.command()
def disable(client_id: ClientId) -> None:
    """Disable a client and all of its tokens at once."""
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                changed = service.disable_client(session, operator(), client_id)
        except UnknownClient as error:
            fail(str(error), EXIT_INVALID)
    typer.echo(f"{client_id} is disabled" if changed else f"{client_id} was disabled already")


@app.command()
def enable(client_id: ClientId) -> None:
    """Enable a disabled client again."""
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                changed = service.enable_client(session, operator(), client_id)
        except UnknownClient as error:
            fail(str(error), EXIT_INVALID)
    typer.echo(f"{client_id} is live" if changed else f"{client_id} was live already")
