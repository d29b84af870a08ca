"""`bursar audit`."""

import json
import re
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import typer

from bursar import clock
from bursar.audit.service import Entry, entries
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, settings_or_fail

# Text that is unambiguous without quotes: not empty, not a dash, without quotes, commas, arrows or
# line breaks.
_PLAIN: Final = re.compile(r"(?!-$)[\w@.:+/-]+(?: [\w@.:+/-]+)*")


def audit(
    enterprise: Annotated[UUID, typer.Option("--enterprise", help="The enterprise's uuid.")],
    since: Annotated[
        str, typer.Option("--since", help="Only entries from this ISO 8601 instant on.")
    ] = "",
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
                f"{entry.object_type} {entry.object_id}  {entry.request_id or '-'}  {_told(entry)}"
            )


def _told(entry: Entry) -> str:
    # Entries from before there were events have details instead of changes.
    if entry.details:
        return _in_json(entry.details)
    told = [f"{name}: {_value(old)} -> {_value(new)}" for name, (old, new) in entry.changes.items()]
    return ", ".join(told) or "-"


def _value(value: object) -> str:
    """A value as it is printed: text without quotes where it is unambiguous, and - for null."""
    if value is None:
        return "-"
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return _in_json(value)


def _in_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
