"""Proves that erased addresses are nowhere, without knowing them: every text that is stored is
searched for addresses, and their keyed hashes are compared."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, String, Table, Text, cast, or_, select
from sqlalchemy.orm import Session

from bursar.database.base import Base
from bursar.database.types import Json
from bursar.emails import normalised
from bursar.learners.holdings import HOLDINGS as LEARNERS
from bursar.people.hashing import Hasher, hasher
from bursar.people.holdings import HOLDINGS
from bursar.people.models import ErasedPerson
from bursar.people.naming import addresses_in

_TIMES: Final = {holding.table.name: holding.since for holding in HOLDINGS}
_USUAL_TIMES: Final = ("at", "modified_at", "created_at")
_BATCH: Final = 1_000


def check_erased(session: Session) -> Iterator[str]:
    """One line for each row that holds an erased address, without the address.

    An address that came back after it was erased, because somebody wrote it again, is not erased
    any more from then on. Answers that can be replayed and what jobs were given name no enterprise,
    and are kept for a day and for a month: the erasure itself has searched them.
    """
    erased = _Erased.read(session)
    if erased is None:
        return
    for table in Base.metadata.sorted_tables:
        if "enterprise_uuid" in table.c and table.name != ErasedPerson.__tablename__:
            yield from erased.found_in(session, table)


def check_addresses(session: Session) -> Iterator[str]:
    """One line for each row with an address that was stored by a version which compared addresses
    less strictly, so that the person is not found by it any more; and how to mend it.

    No address is told: the output may be kept. Two people may have become one, and which of them
    stays is not for a program to guess. Rows that tell what happened once keep what they say, and
    learners have a check of their own.
    """
    for holding in HOLDINGS:
        if holding.address is None or not holding.follows_renaming or holding in LEARNERS:
            continue
        keys = _told_keys(holding.table)
        statement = select(holding.address, *keys).order_by(*keys)
        rows = session.connection().execute(statement, execution_options={"yield_per": _BATCH})
        for address, *key in rows:
            if address is not None and normalised(address) != address:
                yield (
                    f"{holding.table.name}: {' '.join(map(str, key))}: {holding.address.name} is "
                    "not in the form in which addresses are compared (lower case, NFC, the domain "
                    "in ASCII): give `bursar learner change-email` the address as it is stored, "
                    "and then as it should be; where somebody else has that, decide who stays"
                )


@dataclass(frozen=True, slots=True)
class _Erased:
    hashed: Hasher
    times: Mapping[tuple[UUID, str], datetime]
    """When each hash of an address was erased from each enterprise."""

    @classmethod
    def read(cls, session: Session) -> "_Erased | None":
        people = ErasedPerson.__table__.c
        rows = session.execute(
            select(people.enterprise_uuid, people.address_hash, people.erased_at)
        )
        times = {(row.enterprise_uuid, row.address_hash): row.erased_at for row in rows}
        return cls(hasher(session), times) if times else None

    def found_in(self, session: Session, table: Table) -> Iterator[str]:
        texts = [column for column in table.c if isinstance(column.type, String | Json)]
        if not texts:
            return
        keys, since = _told_keys(table), _time_of(table)
        shown = {column.name: _as_text(column) for column in texts}
        enterprises = {enterprise_uuid for enterprise_uuid, _ in self.times}
        statement = select(
            table.c.enterprise_uuid.label("enterprise"),
            *(key.label(f"key_{key.name}") for key in keys),
            *([since.label("since")] if since is not None else []),
            *(text.label(f"text_{name}") for name, text in shown.items()),
        ).where(
            table.c.enterprise_uuid.in_(enterprises),
            or_(*(text.contains("@") for text in shown.values())),
        )
        rows = session.connection().execute(statement, execution_options={"yield_per": _BATCH})
        for row in rows.mappings():
            names = {name: row[f"text_{name}"] for name in shown}
            for name in self._columns_with(names, row["enterprise"], row.get("since")):
                key = " ".join(str(row[f"key_{each.name}"]) for each in keys)
                yield (
                    f"{table.name}: {key}: {name} holds an address that was erased: erase it again "
                    "with `bursar learner erase`"
                )

    def _columns_with(
        self, texts: Mapping[str, str | None], enterprise_uuid: UUID, since: datetime | None
    ) -> Iterator[str]:
        for name, text in texts.items():
            times = (
                self.times.get((enterprise_uuid, self.hashed(address)))
                for address in addresses_in(text or "")
            )
            if any(time is not None and (since is None or since <= time) for time in times):
                yield name


def _told_keys(table: Table) -> list[Column[Any]]:
    """The primary key, without an address that is a part of it."""
    keys: Iterable[Column[Any]] = table.primary_key.columns
    return [key for key in keys if key.name != "email"]


def _as_text(column: Column[Any]) -> ColumnElement[str]:
    return cast(column, Text) if isinstance(column.type, Json) else column


def _time_of(table: Table) -> Column[Any] | None:
    if table.name in _TIMES:
        return _TIMES[table.name]
    return next((table.c[name] for name in _USUAL_TIMES if name in table.c), None)
