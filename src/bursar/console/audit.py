"""Who did what: the audit trail of an enterprise, the newest first."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from bursar.accounts.service import emails_of
from bursar.audit.service import Entry, Wanted, latest_entries
from bursar.console.paging import newest_before
from bursar.console.rendering import ROWS
from bursar.console.screens import OF_ENTERPRISE, OF_INSTALLATION, Screens
from bursar.console.visits import Html, Visit
from bursar.emails import normalised

screens: Final = Screens()
_USER: Final = "user:"
_LONGEST: Final = 200


@screens.get(f"{OF_ENTERPRISE}/audit")
def show_audit(visit: Visit, connection: Connection) -> Html:
    return _audit(visit, connection, visit.enterprise.uuid)


@screens.get(f"{OF_INSTALLATION}/audit")
def show_audit_of_all(visit: Visit, connection: Connection) -> Html:
    """Of all enterprises and of none."""
    return _audit(visit, connection, None)


def _audit(visit: Visit, connection: Connection, enterprise_uuid: UUID | None) -> Html:
    wanted = _wanted(visit, connection, enterprise_uuid)
    before = newest_before(visit)
    found = latest_entries(connection, wanted, limit=ROWS + 1, before=before)
    shown = found[:ROWS]
    names = names_of(connection, [entry.actor for _, entry in shown])
    given = {
        "entries": [(entry, names[entry.actor], _told(entry)) for _, entry in shown],
        "older": visit.with_query(before=shown[-1][0]) if len(found) > ROWS else None,
        "newest": visit.with_query(before=None) if before else None,
        "is_filtered": any(visit.query.get(name) for name in ("by", "action", "object", "request")),
    }
    return Html("audit.html", given)


def _wanted(visit: Visit, connection: Connection, enterprise_uuid: UUID | None) -> Wanted:
    """`by` is an address, a client id, or an actor as the trail names it."""
    by = (visit.query.get("by") or "").strip()[:_LONGEST]
    if "@" in by:
        found = emails_of(connection, addresses=[normalised(by)])
        by = next((f"{_USER}{uuid}" for uuid in found), by)
    return Wanted(
        enterprise_uuid=enterprise_uuid,
        actor=by or None,
        action=(visit.query.get("action") or "").strip()[:_LONGEST] or None,
        object_id=(visit.query.get("object") or "").strip()[:_LONGEST] or None,
        request_id=(visit.query.get("request") or "").strip()[:_LONGEST] or None,
    )


def names_of(connection: Connection, actors: Sequence[str]) -> dict[str, str]:
    """By actor: the address of a person, and of others how the trail names them."""
    emails = emails_of(connection, list(_people(actors)))
    people = {f"{_USER}{uuid}": email for uuid, email in emails.items()}
    return {actor: people.get(actor, actor) for actor in actors}


def _people(actors: Iterable[str]) -> Iterator[UUID]:
    for actor in actors:
        if actor.startswith(_USER):
            with suppress(ValueError):
                yield UUID(actor.removeprefix(_USER))


def _told(entry: Entry) -> list[tuple[str, str]]:
    """What changed, each with the new value, and the old one where there was one."""
    arrow = "\N{RIGHTWARDS ARROW}"
    told = [
        (name, _value(after) if before is None else f"{_value(before)} {arrow} {_value(after)}")
        for name, (before, after) in entry.changes.items()
    ]
    return told + [(name, _value(value)) for name, value in entry.details.items()]


def _value(value: Any) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\N{HORIZONTAL ELLIPSIS}"
