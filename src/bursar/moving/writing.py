"""Writes rows of a dump, with other ids where theirs are taken."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session

from bursar.database.base import Base
from bursar.database.bulk import bulk_insert, bulk_upsert
from bursar.moving.format import Header
from bursar.moving.refusals import DumpRefused
from bursar.moving.tables import PEOPLE, RECOGNISED, generated_id, id_column, key_of, table
from bursar.moving.values import Row

BATCH: Final = 500


@cache
def model_of(name: str) -> type[DeclarativeBase]:
    for mapper in Base.registry.mappers:
        if mapper.local_table is table(name):
            found: type[DeclarativeBase] = mapper.class_
            return found
    raise LookupError(name)


@dataclass
class Writer:
    """Of one adoption. What ids became of which is known to the end of it."""

    header: Header
    written: Counter[str] = field(default_factory=Counter)
    moved: dict[str, dict[object, object]] = field(default_factory=dict)
    """New keys by the old ones, of rows that could not keep theirs."""
    _next: dict[str, int] = field(default_factory=dict)

    def start_section(self) -> None:
        """Between two of them, other rows get ids too."""
        self._next.clear()

    def insert(self, session: Session, name: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        placed = [self._referring(name, row) for row in rows]
        self._give_ids(session, name, placed)
        with refusing(name):
            bulk_insert(session, model_of(name), placed)
        self.written[name] += len(placed)

    def upsert(self, session: Session, name: str, rows: Sequence[Row]) -> None:
        """In place of rows that have the same keys."""
        # A row can be nothing but its key; then it stays as it is.
        changing = [key for key in rows[0] if key not in key_of(name)] or [*key_of(name)]
        with refusing(name):
            bulk_upsert(
                session,
                model_of(name),
                [dict(row) for row in rows],
                lambda new: {key: new[key] for key in changing},
            )
        self.written[name] += len(rows)

    def note(self, name: str, old: object, new: object) -> None:
        if old != new:
            self.moved.setdefault(name, {})[old] = new

    def referring(self, name: str, rows: Sequence[Row]) -> list[Row]:
        return [self._referring(name, row) for row in rows]

    def _referring(self, name: str, row: Row) -> Row:
        """With the ids that rows have here."""
        changed = {
            column: self.moved[parent].get(row[column], row[column])
            for column, parent in _references(name).items()
            if parent in self.moved
        }
        return {**row, **changed}

    def _give_ids(self, session: Session, name: str, rows: Sequence[Row]) -> None:
        """From the first row on whose id is taken, all get new ones: so their order stays."""
        key = generated_id(name)
        if key is None:
            return
        if name not in self._next and self._is_taken(session, name, [row[key] for row in rows]):
            here = session.scalar(select(func.max(table(name).c[key]))) or 0
            self._next[name] = max(here, self.header.highest.get(name, 0)) + 1
        if name in self._next:
            for row in rows:
                self.note(name, row[key], self._next[name])
                row[key] = self._next[name]
                self._next[name] += 1

    def _is_taken(self, session: Session, name: str, ids: Sequence[object]) -> bool:
        column = id_column(name)
        return session.scalar(select(column).where(column.in_(ids)).limit(1)) is not None


@cache
def _references(name: str) -> Mapping[str, str]:
    """The tables that columns refer to by keys that can be others here."""
    return {
        str(key.parent.name): key.column.table.name
        for key in table(name).foreign_keys
        if key.column.table.name == PEOPLE or generated_id(key.column.table.name) is not None
    }


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Says of which table a row contradicts what is stored."""
    try:
        yield
    except IntegrityError as error:
        # Its other lines can name people.
        reason = str(error.orig).partition("\n")[0]
        raise DumpRefused(f"Rows of {name} contradict what is stored here: {reason}.") from error


def continue_ids(session: Session, least: Mapping[str, int]) -> None:
    """PostgreSQL gives the next ids from sequences, which know nothing of rows that brought theirs.
    They only ever go forward, so that a transaction that is open keeps its ids."""
    if session.get_bind().dialect.name == "sqlite":
        return
    for name in RECOGNISED:
        column = id_column(name)
        here = session.scalar(select(func.max(column))) or 0
        highest = max(here, least.get(name, 0))
        sequence = func.pg_get_serial_sequence(name, column.name)
        if highest:
            next_id = func.greatest(highest, func.nextval(sequence))
            session.execute(select(func.setval(sequence, next_id)))
