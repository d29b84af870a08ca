"""`bursar deliveries`."""

import json
from typing import Annotated, Any
from uuid import UUID

import typer

from bursar import clock, emails
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import instant_or_fail, opened_database, operator, settings_or_fail
from bursar.cli.tables import print_table
from bursar.delivery import service
from bursar.delivery.refusals import DeliveryRefused
from bursar.delivery.service import (
    AttemptView,
    Channel,
    DeliverySearch,
    DeliveryStatus,
    DeliveryView,
)

app = typer.Typer(
    help="Show what was or will be sent by any channel, and send some again.", no_args_is_help=True
)

ChannelOption = Annotated[Channel | None, typer.Option("--channel", help="Only this channel.")]
KindOption = Annotated[
    str, typer.Option("--kind", help="Only this kind of mail, or this type of event.")
]
EndpointOption = Annotated[
    UUID | None, typer.Option("--endpoint", help="Only to this endpoint, report or connection.")
]
EnterpriseOption = Annotated[UUID | None, typer.Option("--enterprise")]


@app.command("list")
def list_newest(
    *,
    channel: ChannelOption = None,
    kind: KindOption = "",
    to: Annotated[str, typer.Option("--to", help="Only to this address or URL.")] = "",
    state: Annotated[DeliveryStatus | None, typer.Option("--state")] = None,
    since: Annotated[
        str, typer.Option("--since", help="Only what was queued at this instant or later.")
    ] = "",
    enterprise: EnterpriseOption = None,
    endpoint: EndpointOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="NDJSON, one delivery a line.")] = False,
) -> None:
    """List deliveries, newest first."""
    search = DeliverySearch(
        channel=channel,
        kind=kind or None,
        recipient=_as_stored(to),
        status=state,
        since=instant_or_fail("--since", since),
        enterprise_uuid=enterprise,
        target_uuid=endpoint,
    )
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        found = service.search_deliveries(connection, search, limit=limit)
    shown = [shown_delivery(each) for each in found]
    if as_json:
        for each in shown:
            typer.echo(json.dumps(each, ensure_ascii=False))
    else:
        print_table(_COLUMNS, shown)


_COLUMNS = ("uuid", "channel", "kind", "recipient", "status", "attempts", "created", "error")


def _as_stored(recipient: str) -> str | None:
    if not recipient:
        return None
    return recipient if "://" in recipient else emails.normalised(recipient)


def shown_delivery(delivery: DeliveryView) -> dict[str, Any]:
    """As JSON shows it."""
    return {
        "uuid": str(delivery.uuid),
        "channel": delivery.channel.value,
        "kind": delivery.kind,
        "recipient": delivery.recipient,
        "enterprise": str(delivery.enterprise_uuid),
        "endpoint": _text(delivery.target_uuid),
        "event": _text(delivery.event_uuid),
        "subject": str(delivery.subject_uuid),
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        "created": clock.format_instant(delivery.created_at),
        "next_attempt": _instant(delivery.next_attempt_at),
        "finished": _instant(delivery.finished_at),
        "error": delivery.error,
    }


def shown_attempt(attempt: AttemptView) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "at": clock.format_instant(attempt.at),
        "outcome": attempt.outcome,
        "status": attempt.status,
        "answer": attempt.answer,
        "seconds": attempt.seconds,
    }


def _text(uuid: UUID | None) -> str | None:
    return None if uuid is None else str(uuid)


def _instant(instant: Any) -> str | None:
    return None if instant is None else clock.format_instant(instant)


@app.command()
def show(uuid: Annotated[UUID, typer.Argument(help="The delivery's uuid.")]) -> None:
    """Print a delivery as JSON, with every attempt and what was answered."""
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        try:
            delivery = service.view_of_delivery(connection, uuid)
        except DeliveryRefused as error:
            fail(str(error), EXIT_INVALID)
        attempts = service.attempts_of(connection, delivery)
    told = shown_delivery(delivery) | {"tried": [shown_attempt(each) for each in attempts]}
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))


@app.command()
def retry(uuids: Annotated[list[UUID], typer.Argument(help="The deliveries' uuids.")]) -> None:
    """Send deliveries now that were given up, or that wait for their next attempt."""
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                service.retry(session, operator(), uuids, clock.now())
        except DeliveryRefused as error:
            fail(str(error), EXIT_INVALID)
    typer.echo(f"{len(set(uuids))} deliveries are due")


@app.command()
def resend(
    *,
    since: Annotated[
        str, typer.Option("--since", help="What was queued at this ISO 8601 instant or later.")
    ],
    channel: ChannelOption = None,
    kind: KindOption = "",
    endpoint: EndpointOption = None,
    enterprise: EnterpriseOption = None,
    confirm: Annotated[
        int | None, typer.Option("--confirm", min=1, help="How many the dry run has counted.")
    ] = None,
) -> None:
    """Send again what was delivered or given up. Without --confirm, it only counts."""
    search = DeliverySearch(
        channel=channel,
        kind=kind or None,
        since=instant_or_fail("--since", since),
        enterprise_uuid=enterprise,
        target_uuid=endpoint,
    )
    with opened_database(settings_or_fail()) as database, database.transaction() as session:
        if confirm is None:
            count = len(service.to_resend(session, search))
        else:
            try:
                count = service.resend(session, operator(), search, clock.now(), expected=confirm)
            except DeliveryRefused as error:
                fail(str(error), EXIT_INVALID)
    if confirm is None:
        typer.echo(f"{count} deliveries would be sent again; to do it: --confirm {count}")
    else:
        typer.echo(f"{count} deliveries are due")
