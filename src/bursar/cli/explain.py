"""`bursar explain`."""

import json
from typing import Annotated, Any

import typer

from bursar import clock, emails
from bursar.cli.deliveries import shown_attempt, shown_delivery
from bursar.cli.support import opened_database, settings_or_fail
from bursar.delivery.explaining import ExplainedMail, explain_mails

app = typer.Typer(help="Say why something did or did not happen.", no_args_is_help=True)


@app.callback()
def explain() -> None:
    """Say why something did or did not happen."""


@app.command("mail")
def explain_mail(
    *,
    to: Annotated[str, typer.Option("--to", help="The person's address.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="NDJSON, one mail a line.")] = False,
) -> None:
    """Say of every mail to a person whether it was sent, and why not; the newest first."""
    # Imports the work of all domains, which other commands do not need.
    from bursar.work import MAIL_KINDS  # noqa: PLC0415

    settings = settings_or_fail()
    recipient = emails.normalised(to)
    with opened_database(settings) as database, database.read() as connection:
        mails = explain_mails(
            connection,
            recipient,
            clock.now(),
            kinds=MAIL_KINDS,
            has_server=bool(settings.smtp_url),
            limit=limit,
        )
    if as_json:
        for mail in mails:
            typer.echo(json.dumps(_shown(mail), ensure_ascii=False))
        return
    if not mails:
        typer.echo(
            f"No mail to {recipient} is known: none was made necessary, because nothing was given "
            "to this person or nobody was to be told, or it is no longer kept."
        )
    for mail in mails:
        _tell(mail)


def _shown(mail: ExplainedMail) -> dict[str, Any]:
    tried = [shown_attempt(each) for each in mail.attempts]
    return shown_delivery(mail.mail) | {"why": mail.why, "tried": tried}


def _tell(explained: ExplainedMail) -> None:
    mail = explained.mail
    created = clock.format_instant(mail.created_at)
    typer.echo(f"{created}  {mail.kind}  {mail.status.value}  {mail.uuid}")
    typer.echo(f"  {explained.why}")
    for attempt in explained.attempts:
        at = clock.format_instant(attempt.at)
        answer = f": {attempt.answer}" if attempt.answer else ""
        typer.echo(f"  {attempt.number}. {at}  {attempt.outcome}{answer}")
