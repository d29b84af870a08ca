"""`bursar audit`."""

import json
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from bursar import clock
from bursar.audit.service import entries
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, settings_or_fail


def audit(
    enterprise: Annotated[UUID, typer.Option("--enterprise", help="The enterprise's uuid.")],
    since: Annotated[str, typer.Option("--since", help="An ISO 8601 instant.")] = "",
) -> None:
    """List who did what, oldest first."""
    try:
        after: datetime | None = clock.parse_instant(since) if since else None
    except ValueError:
        fail(f"--since: {since!r} is no instant", EXIT_INVALID)
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        for entry in entries(connection, enterprise, after):
            typer.echo(
                f"{clock.format_instant(entry.at)}  {entry.actor}  {entry.action}  "
                f"{entry.object_type} {entry.object_id}  {entry.request_id or '-'}  "
                f"{json.dumps(entry.details, ensure_ascii=False)}"
            )
