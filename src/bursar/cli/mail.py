"""`bursar mail`."""

import json
from typing import Annotated, Any
from uuid import UUID

import typer

from bursar import clock, emails
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import instant_or_fail, opened_database, operator, settings_or_fail
from bursar.cli.tables import print_table
from bursar.delivery import service
from bursar.delivery.refusals import DeliveryRefused, UnknownMail
from bursar.delivery.service import (
    Channel,
    DeliverySearch,
    DeliveryStatus,
    DeliveryView,
    search_deliveries,
    text_of_mail,
)

app = typer.Typer(
    help="Show mails that were or will be sent, and send some again.", no_args_is_help=True
)


@app.command("list")
def list_newest(
    *,
    enterprise: Annotated[UUID | None, typer.Option("--enterprise")] = None,
    to: Annotated[str, typer.Option("--to", help="Only mails to this address.")] = "",
    state: Annotated[DeliveryStatus | None, typer.Option("--state", "--status")] = None,
    since: Annotated[
        str, typer.Option("--since", help="Only mails queued at this ISO 8601 instant or later.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="NDJSON, one mail a line.")] = False,
) -> None:
    """List mails, newest first."""
    after = instant_or_fail("--since", since)
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        search = DeliverySearch(
            channel=Channel.MAIL,
            enterprise_uuid=enterprise,
            status=state,
            recipient=emails.normalised(to) if to else None,
            since=after,
        )
        mails = search_deliveries(connection, search, limit=limit)
    shown = [_shown(mail) for mail in mails]
    if as_json:
        for mail in shown:
            typer.echo(json.dumps(mail, ensure_ascii=False))
    else:
        print_table(_COLUMNS, shown)


def _shown(mail: DeliveryView) -> dict[str, Any]:
    finished = mail.finished_at
    return {
        "uuid": str(mail.uuid),
        "kind": mail.kind,
        "recipient": mail.recipient,
        "status": mail.status.value,
        "attempts": mail.attempts,
        "created": clock.format_instant(mail.created_at),
        "finished": clock.format_instant(finished) if finished else None,
        "error": mail.error,
        "subject": str(mail.subject_uuid),
    }


_COLUMNS = ("uuid", "kind", "recipient", "status", "attempts", "created", "finished", "error")


@app.command()
def show(uuid: Annotated[UUID, typer.Argument(help="The mail's uuid.")]) -> None:
    """Print the recipient, the subject and the text of a mail."""
    # Imports the work of all domains, which the list of mails does not need.
    from bursar.work import MAIL_KINDS, claim_links  # noqa: PLC0415

    settings = settings_or_fail()

    try:
        with opened_database(settings) as database, database.read() as connection:
            links = claim_links(database, settings)
            mail = text_of_mail(connection, MAIL_KINDS, uuid, links, folder=settings.templates)
    except UnknownMail as error:
        fail(str(error), EXIT_INVALID)
    except DeliveryRefused as error:
        fail(str(error))
    typer.echo(f"To: {mail.recipient}\nSubject: {mail.subject}\n\n{mail.text}", nl=False)


@app.command()
def retry(
    uuids: Annotated[list[UUID] | None, typer.Argument(help="The mails' uuids.")] = None,
    failed_since: Annotated[
        str,
        typer.Option(
            "--failed-since", help="All that were given up at this ISO 8601 instant or later."
        ),
    ] = "",
    enterprise: Annotated[
        UUID | None, typer.Option("--enterprise", help="With --failed-since: only of this one.")
    ] = None,
) -> None:
    """Send mails now that were given up, or that wait for their next attempt."""
    since = instant_or_fail("--failed-since", failed_since)
    if (since is None) == (not uuids) or (enterprise is not None and since is None):
        fail("Name the mails, or --failed-since with or without --enterprise.", EXIT_INVALID)
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                named = uuids or (
                    service.failed_since(session, since, enterprise, channel=Channel.MAIL)
                    if since is not None
                    else ()
                )
                service.retry(session, operator(), named, clock.now(), channel=Channel.MAIL)
        except DeliveryRefused as error:
            fail(str(error), EXIT_INVALID)
    typer.echo(f"{len(set(named))} mails are due")
