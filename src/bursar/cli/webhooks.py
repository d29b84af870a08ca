"""`bursar webhooks`: endpoints that are told of events."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from bursar import clock
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.webhooks import service
from bursar.webhooks.service import CreateEndpoint, EndpointView

app = typer.Typer(help="Manage the webhook endpoints of enterprises.", no_args_is_help=True)

Endpoint = Annotated[UUID, typer.Argument(help="The endpoint's uuid.")]


@contextmanager
def _changing() -> Iterator[Session]:
    """Refusals end the command, with nothing changed."""
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                yield session
        except (LookupError, ValueError) as refused:
            fail(str(refused), EXIT_INVALID)


@app.command("list")
def list_all(
    enterprise: Annotated[UUID | None, typer.Option("--enterprise")] = None,
) -> None:
    """List endpoints: where they are, what they want, and how they are."""
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        found = service.list_endpoints(connection, enterprise)
    for endpoint in found:
        types = ",".join(endpoint.event_types or ["all"])
        typer.echo(
            f"{endpoint.uuid}  {endpoint.enterprise_customer_uuid}  {_state(endpoint)}  "
            f"{types}  {endpoint.url}"
        )


def _state(endpoint: EndpointView) -> str:
    if not endpoint.enabled:
        return "disabled"
    if endpoint.failing_since is not None:
        return f"failing since {clock.format_instant(endpoint.failing_since)}"
    return "live"


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where events are sent to, with https.")],
    enterprise: Annotated[UUID, typer.Option("--enterprise", help="The enterprise's uuid.")],
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="An event type, or `license.*`; repeatable. Else all."),
    ] = None,
    description: Annotated[str, typer.Option("--description")] = "",
    secret: Annotated[
        str | None, typer.Option("--secret", help="`whsec_...`; else one is made.")
    ] = None,
) -> None:
    """Create an endpoint; print its uuid, and its secret once."""
    command = CreateEndpoint(
        enterprise_uuid=enterprise,
        url=url,
        description=description,
        event_types=types or None,
        secret=secret,
    )
    with _changing() as session:
        created = service.create_endpoint(session, operator(), command, at=clock.now())
    typer.echo(f"{created.uuid} {created.secret}")


@app.command("rotate-secret")
def rotate_secret(endpoint: Endpoint) -> None:
    """Print a new secret; the one before signs for 24 hours more."""
    with _changing() as session:
        rotated = service.rotate_endpoint_secret(session, operator(), endpoint, at=clock.now())
    typer.echo(rotated.secret)


@app.command()
def ping(endpoint: Endpoint) -> None:
    """Have a test sent to an endpoint; print the id of its event."""
    with _changing() as session:
        pinged = service.ping_endpoint(session, operator(), endpoint, at=clock.now())
    typer.echo(pinged.event_id)


@app.command()
def remove(endpoint: Endpoint) -> None:
    """Delete an endpoint."""
    with _changing() as session:
        service.find_endpoint(session.connection(), endpoint)
        service.delete_endpoint(session, operator(), endpoint, at=clock.now())
    typer.echo(f"{endpoint} is deleted")
