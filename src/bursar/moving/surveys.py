"""What is known of an enterprise's rows without keeping them: of a dump, and of this database.

Generated ids and places in the log can be others here than there. So rows are compared by what
they are recognised by, and a set of rows by the sum of the hashes of its rows, in whatever order
they come.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final, Self
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from bursar.database.streams import batches
from bursar.moving.tables import (
    PEOPLE,
    RECOGNISED,
    generated_id,
    names_of,
    rows_of,
    rows_with_events,
    shared_rows,
    table,
    tables_of_enterprises,
)
from bursar.moving.values import Row

_ROWS: Final = 1_000
_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")
_PLACES: Final = {
    "event_positions": ("position", "event_id"),
    "webhook_endpoints": ("replay_position", "replay_until"),
}
"""Columns that hold places in the log, or what stands there."""
TOTALS: Final[dict[str, tuple[str, str | None]]] = {
    "licenses": ("plan_uuid", "status"),
    "assignments": ("configuration_uuid", "state"),
    "subsidy_transactions": ("policy_uuid", "state"),
    "enrollments": ("enterprise_uuid", None),
    "learners": ("enterprise_uuid", None),
    "events": ("enterprise_uuid", None),
}
"""What is counted, for each of what, and in which states."""
LEDGER: Final = "ledger_entries"


@dataclass
class Survey:
    digest: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    totals: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Numbers by what they count, for which object, in which state."""
    events: set[UUID] = field(default_factory=set)
    oldest_event: datetime | None = None
    renewals: dict[object, object] = field(default_factory=dict)
    """The plans that follow, by those that they follow."""
    _names: dict[str, dict[object, object]] = field(default_factory=dict)
    """Of rows with other keys elsewhere: by what else they are recognised."""

    @classmethod
    def knowing(cls, people: dict[object, object]) -> Self:
        """`people`: addresses of those who have roles."""
        return cls(_names={PEOPLE: people})

    def take(self, name: str, row: Row, event_uuid: UUID | None) -> None:
        self.rows[name] += 1
        self._count(name, row)
        if name == "events":
            self._note_event(row)
        elif name == "plan_renewals":
            self.renewals[row["plan_uuid"]] = row["renewed_plan_uuid"]
        plain = self._canonical(name, row, event_uuid)
        content = name.encode() + _CANONICAL.encode(plain)
        self.digest = (self.digest + int.from_bytes(hashlib.sha256(content).digest())) % 2**256

    def _count(self, name: str, row: Row) -> None:
        if name in TOTALS:
            about, state = TOTALS[name]
            self.totals[name, str(row[about]), str(row[state]) if state else ""] += 1
        elif name == LEDGER:
            amount = row["amount_cents"]
            self.totals["cents", str(row["subsidy_uuid"]), ""] += (
                amount if isinstance(amount, int) else 0
            )

    def _note_event(self, row: Row) -> None:
        uuid, at = row["uuid"], row["at"]
        if isinstance(uuid, UUID) and isinstance(at, datetime):
            self.events.add(uuid)
            self.oldest_event = min(at, self.oldest_event or at)

    def _canonical(self, name: str, row: Row, event_uuid: UUID | None) -> Row:
        plain = {key: value for key, value in row.items() if key not in _PLACES.get(name, ())}
        for column, parent in _parents(name).items():
            if row[column] in self._names.get(parent, {}):
                plain[column] = self._names[parent][row[column]]
        if event_uuid is not None:
            plain["event_uuid"] = event_uuid
        if name == "deliveries" and isinstance(row["context"], dict):
            plain["context"] = {k: v for k, v in row["context"].items() if k != "position"}
        self._remember(name, row, plain)
        return plain

    def _remember(self, name: str, row: Row, plain: Row) -> None:
        key = generated_id(name)
        if key is not None:
            del plain[key]
            same = RECOGNISED[name].same
            if same is not None and name in _REFERRED_TO:
                # As short as it can be: there may be a million of them.
                said = _CANONICAL.encode([plain[column] for column in same])
                short = hashlib.blake2b(said, digest_size=16).digest()
                self._names.setdefault(name, {})[row[key]] = short


_REFERRED_TO: Final = frozenset({"learners", "deliveries", "enrollments"})
"""Within an enterprise. Events are recognised by their uuid, and documents are shared."""


@cache
def _parents(name: str) -> dict[str, str]:
    return {
        str(key.parent.name): key.column.table.name
        for key in table(name).foreign_keys
        if key.column.table.name in {*_REFERRED_TO, PEOPLE}
    }


def survey_here(connection: Connection, enterprise: UUID) -> Survey:
    """Of the rows that are in the database."""
    people = table(PEOPLE).c
    named = select(people.uuid, people.email).where(shared_rows(PEOPLE, enterprise))
    found = Survey.knowing({row.uuid: row.email for row in connection.execute(named)})
    for name in tables_of_enterprises():
        statement = rows_with_events(name, rows_of(name, enterprise))
        names = names_of(name)
        for batch in batches(connection, statement, {}, first=_ROWS, size=_ROWS):
            _take_all(found, name, names, batch)
    return found


def _take_all(
    found: Survey, name: str, names: Sequence[str], batch: Iterable[Sequence[object]]
) -> None:
    for values in batch:
        last = values[-1] if name == "event_positions" else None
        uuid = last if isinstance(last, UUID) else None
        found.take(name, dict(zip(names, values, strict=False)), uuid)
