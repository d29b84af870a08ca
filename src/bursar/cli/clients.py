"""`bursar clients`."""

import sys
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import looking_at, opened_database, operator, settings_or_fail
from bursar.identity import service
from bursar.identity.service import CreateClient, Role, UnknownClient


class Format(StrEnum):
    XML = "xml"
    JSON = "json"


app = typer.Typer(help="Manage API clients.", no_args_is_help=True)

ClientId = Annotated[str, typer.Argument(help="The client id.")]


@app.command()
def create(
    client_id: ClientId,
    enterprise: Annotated[UUID, typer.Option("--enterprise", help="The enterprise's uuid.")],
    role: Annotated[Role, typer.Option("--role")] = Role.REPORTING,
    default_format: Annotated[
        Format | None,
        typer.Option(
            "--default-format",
            help="What the client gets when it does not say what it wants. Without the option you "
            "are asked, if somebody is there to answer; else it is that of the installation.",
        ),
    ] = None,
    token: Annotated[
        bool,
        typer.Option(
            "--token",
            help="A bearer token that lives until it is rotated, in place of a secret. For the "
            "role scim: identity providers can keep no more.",
        ),
    ] = False,
) -> None:
    """Create a client and print its secret, or its token, once."""
    if token and role is not Role.SCIM:
        fail("only a client of the role scim can have a token", EXIT_INVALID)
    if default_format is None and role is not Role.SCIM and sys.stdin.isatty():
        default_format = _asked_format()
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                command = CreateClient(
                    client_id=client_id,
                    enterprise_uuid=enterprise,
                    role=role,
                    default_format=default_format,
                    has_token=token,
                )
                secret = service.create_client(session, operator(), command)
        except (LookupError, ValueError) as error:
            fail(str(error), EXIT_INVALID)
    typer.echo(secret)


def _asked_format() -> Format | None:
    # The secret has to be the last thing that is printed, and the only thing on standard output.
    typer.echo(
        "The documented format is XML for requests that do not say what they want, as those of "
        "requests, axios and fetch do not.",
        err=True,
    )
    chosen = typer.prompt("Format for this client (xml, json, or default)", "default", err=True)
    return Format(chosen) if chosen in list(Format) else None


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
    """Print a new secret, or token; the latest old one stays valid."""
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
