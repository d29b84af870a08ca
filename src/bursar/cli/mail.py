"""`bursar mail`."""

import json
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from bursar import clock
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, settings_or_fail
from bursar.delivery.refusals import MailRefused, UnknownMail
from bursar.delivery.service import MailStatus, MailView, newest_mails, text_of_mail

app = typer.Typer(help="Show mails that were or will be sent.", no_args_is_help=True)

WIDTH_OF_FILES = 240


@app.command("list")
def list_newest(
    enterprise: Annotated[UUID | None, typer.Option("--enterprise")] = None,
    status: Annotated[MailStatus | None, typer.Option("--status")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="NDJSON, one mail a line.")] = False,
) -> None:
    """List mails, newest first."""
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        mails = newest_mails(connection, enterprise_uuid=enterprise, status=status, limit=limit)
    shown = [_shown(mail) for mail in mails]
    if as_json:
        for mail in shown:
            typer.echo(json.dumps(mail, ensure_ascii=False))
    else:
        _print_table(shown)


def _shown(mail: MailView) -> dict[str, Any]:
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


def _print_table(mails: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, overflow="fold")
    for mail in mails:
        cells = (mail[name] for name in _COLUMNS)
        table.add_row(*("-" if cell is None else str(cell) for cell in cells))
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_OF_FILES
    console.print(table)


@app.command()
def show(uuid: Annotated[UUID, typer.Argument(help="The mail's uuid.")]) -> None:
    """Print the recipient, the subject and the text of a mail."""
    # Imports the work of all domains, which the list of mails does not need.
    from bursar.work import MAIL_KINDS  # noqa: PLC0415

    try:
        with opened_database(settings_or_fail()) as database, database.read() as connection:
            mail = text_of_mail(connection, MAIL_KINDS, uuid)
    except UnknownMail as error:
        fail(str(error), EXIT_INVALID)
    except MailRefused as error:
        fail(str(error))
    typer.echo(f"To: {mail.recipient}\nSubject: {mail.subject}\n\n{mail.text}", nl=False)
