"""`bursar mail`."""

import json
from typing import Annotated, Any
from uuid import UUID

import typer
from jinja2 import TemplateError
from rich.console import Console
from rich.table import Table

from bursar import clock
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, settings_or_fail
from bursar.database.types import AnyRow
from bursar.notifications.models import MailStatus
from bursar.notifications.queries import correspondents, find_mail, newest_mails
from bursar.notifications.rendering import Correspondent, Rendered, render

app = typer.Typer(help="Mail: what was sent, and what was not.", no_args_is_help=True)

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
        rows = newest_mails(connection, enterprise=enterprise, status=status, limit=limit)
    shown = [_shown(row) for row in rows]
    if as_json:
        for mail in shown:
            typer.echo(json.dumps(mail, ensure_ascii=False))
    else:
        _print_table(shown)


def _shown(row: AnyRow) -> dict[str, Any]:
    finished = row.finished_at
    return {
        "uuid": str(row.uuid),
        "kind": row.kind,
        "recipient": row.recipient,
        "status": row.status,
        "attempts": row.attempts,
        "created": clock.format_instant(row.created_at),
        "finished": clock.format_instant(finished) if finished else None,
        "error": row.error,
        "subject": str(row.subject_uuid),
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
    """Print what a mail says."""
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        row = find_mail(connection, uuid)
        if row is None:
            fail(f"no such mail: {uuid}", EXIT_INVALID)
        enterprises = correspondents(connection, [row.enterprise_uuid])
    rendered = _rendered(row, enterprises[row.enterprise_uuid])
    typer.echo(f"To: {row.recipient}\nSubject: {rendered.subject}\n\n{rendered.text}", nl=False)


def _rendered(row: AnyRow, enterprise: Correspondent) -> Rendered:
    # The work of all domains: nothing that the list of mails needs.
    from bursar.work import MAIL_KINDS  # noqa: PLC0415

    kind = MAIL_KINDS.get(row.kind)
    if kind is None:
        fail(f"this version knows no mail of the kind {row.kind}")
    if row.status != MailStatus.PENDING and not row.context:
        fail("what it said was deleted with the learner's address")
    try:
        return render(kind.templates, kind.name, enterprise, row.context)
    except (TemplateError, ValueError) as error:
        fail(f"it cannot be written: {error}")
