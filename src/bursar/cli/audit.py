"""`bursar audit`."""

import json
import re
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import clock
from bursar.audit.service import Entry, Wanted, entries
from bursar.cli.support import instant_or_fail, opened_database, settings_or_fail

# Text that is unambiguous without quotes: not empty, not a dash, without quotes, commas, arrows or
# line breaks.
_PLAIN: Final = re.compile(r"(?!-$)[\w@.:+/-]+(?: [\w@.:+/-]+)*")


def audit(
    *,
    enterprise: Annotated[
        UUID | None,
        typer.Option("--enterprise", help="The enterprise's uuid; else the whole installation."),
    ] = None,
    object_id: Annotated[
        str, typer.Option("--object", help="Only what happened to this object, by its id.")
    ] = "",
    actor: Annotated[str, typer.Option("--actor", help="Only what this actor did.")] = "",
    action: Annotated[
        str, typer.Option("--action", help="Only this action, or all of a kind: license.*")
    ] = "",
    since: Annotated[
        str, typer.Option("--since", help="Only entries from this ISO 8601 instant on.")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", help="Only entries before this ISO 8601 instant.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="NDJSON, one entry a line.")] = False,
) -> None:
    """List who did what, oldest first."""
    wanted = Wanted(
        enterprise_uuid=enterprise,
        object_id=object_id or None,
        actor=actor or None,
        action=action or None,
        since=instant_or_fail("--since", since),
        until=instant_or_fail("--until", until),
    )
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        for entry in entries(connection, wanted):
            typer.echo(_in_json(_shown(entry)) if as_json else _line(entry))


def _line(entry: Entry) -> str:
    return (
        f"{clock.format_instant(entry.at)}  {entry.actor}  {entry.action}  "
        f"{entry.object_type} {entry.object_id}  {entry.request_id or '-'}  {_told(entry)}"
    )


def _shown(entry: Entry) -> dict[str, Any]:
    enterprise = entry.enterprise_uuid
    return {
        "at": clock.format_instant(entry.at),
        "enterprise": str(enterprise) if enterprise is not None else None,
        "actor": entry.actor,
        "action": entry.action,
        "object_type": entry.object_type,
        "object": entry.object_id,
        "request_id": entry.request_id,
        "changes": entry.changes,
        "details": entry.details,
    }


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
