"""`bursar webhooks`: endpoints that are told of events."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from bursar import clock
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import instant_or_fail, opened_database, operator, settings_or_fail
from bursar.delivery.service import DeliveryStatus
from bursar.events.cursors import cursor_of, position_of
from bursar.events.log import CursorAhead, CursorTooOld
from bursar.webhooks import asking, service
from bursar.webhooks.commands import Replay
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
        except CursorAhead:
            fail("--after: this is no cursor of this log", EXIT_INVALID)
        except CursorTooOld as refused:
            fail(f"--after: events up to {cursor_of(refused.oldest)} are gone", EXIT_INVALID)
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
def deliveries(
    endpoint: Endpoint,
    status: Annotated[
        DeliveryStatus | None, typer.Option("--status", help="Only those in this status.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
) -> None:
    """List what was or will be sent to an endpoint, the newest first, with the last answer."""
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        try:
            service.find_endpoint(connection, endpoint)
        except LookupError as refused:
            fail(str(refused), EXIT_INVALID)
        found = asking.deliveries_of(connection, endpoint, status=status, limit=limit)
    for each in found:
        last = each.attempts[-1] if each.attempts else None
        answer = "" if last is None else f"{last.status or 'no answer'} {_line(last.answer)}"
        due = "" if each.next_attempt_at is None else clock.format_instant(each.next_attempt_at)
        fields = (
            *(str(each.uuid), each.event_id or "", each.event_type, each.status),
            *(f"{len(each.attempts)} attempts", due, answer),
        )
        typer.echo("  ".join(field for field in fields if field))


def _line(answer: str | None) -> str:
    return " ".join((answer or "").split())[:100]


@app.command()
def replay(
    endpoint: Endpoint,
    since: Annotated[str, typer.Option("--since", help="Events since this ISO 8601 instant.")] = "",
    after: Annotated[str, typer.Option("--after", help="Events after this cursor.")] = "",
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only this type, or `license.*`; repeatable."),
    ] = None,
) -> None:
    """Have events of the past sent again, in the background."""
    instant = instant_or_fail("--since", since)
    try:
        position = position_of(after) if after else None
    except ValueError:
        fail(f"--after: {after!r} is no cursor", EXIT_INVALID)
    command = Replay(after=position, since=instant, event_types=types or None)
    with _changing() as session:
        asking.request_replay(session, operator(), endpoint, command, at=clock.now())
    typer.echo(f"the replay to {endpoint} goes on in the background")


@app.command()
def remove(endpoint: Endpoint) -> None:
    """Delete an endpoint."""
    with _changing() as session:
        service.find_endpoint(session.connection(), endpoint)
        service.delete_endpoint(session, operator(), endpoint, at=clock.now())
    typer.echo(f"{endpoint} is deleted")
