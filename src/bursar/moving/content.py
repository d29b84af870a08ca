"""What enterprises share with all others of an installation: documents that catalogs select, and
people of the console."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.catalog.content.service import lock_content
from bursar.moving.people import People
from bursar.moving.reading import DumpedRow
from bursar.moving.tables import CONTENT, KEYS, PEOPLE, key_of, shared_rows, table
from bursar.moving.values import Row
from bursar.moving.writing import BATCH, Writer

_OF_QUERIES: Final = frozenset({"query_allowed_runs", "query_members"})
_VANISH: Final = ("query_members", "query_allowed_runs", "run_facts", "nested_runs")
"""Of these rows go; documents and queries only come."""


@dataclass
class Content:
    """What came of the shared rows."""

    people: People
    warnings: list[str] = field(default_factory=list)
    needs_evaluation: bool = False
    """Whether filters have to be applied to documents again, because these are not those of the
    dump."""
    kept: int = 0
    """Documents that are others here, and stay."""
    _new_documents: set[object] = field(default_factory=set)
    _new_queries: set[object] = field(default_factory=set)

    def take_over(
        self,
        session: Session,
        writer: Writer,
        rows: Iterable[DumpedRow],
        *,
        exactly: bool,
        enterprise: UUID | None,
    ) -> None:
        """`exactly`: this installation has nothing but what came from there."""
        lock_content(session)
        seen: dict[str, set[tuple[object, ...]]] = {name: set() for name in _VANISH}
        for name, some in _by_table(rows):
            if name in KEYS:
                self._take_key(session, some)
            elif name == PEOPLE:
                self.people.take(session, writer, some)
            elif exactly:
                writer.upsert(session, name, some)
                if name in seen:
                    seen[name].update(_keys(name, some))
            else:
                self._add(session, writer, name, some)
        if exactly:
            for name, keys in seen.items():
                _remove(session, name, keys, enterprise)
        if self.people.without_password:
            self.warnings.append(
                f"{self.people.without_password} people of the console have no password here: "
                "invite them again with `bursar console invite`."
            )
        if self.needs_evaluation:
            session.execute(update(table("content_state")).values(evaluated_by=None))

    def _take_key(self, session: Session, rows: Sequence[Row]) -> None:
        keys = table("erasure_keys")
        here = session.scalar(select(keys.c.key))
        if here is None:
            session.execute(insert(keys), list(rows))
        elif here != rows[0]["key"]:
            self.warnings.append(
                "Addresses that were erased there are not recognised here: this installation has "
                "another key for them."
            )

    def _add(self, session: Session, writer: Writer, name: str, rows: Sequence[Row]) -> None:
        """What is not there yet. What is there stays: it belongs to all enterprises."""
        if name == "content_items":
            self._add_documents(session, writer, rows)
        elif name == "catalog_queries":
            new = _missing(session, name, rows)
            self._new_queries |= {row["uuid"] for row in new}
            writer.insert(session, name, new)
        elif name in _OF_QUERIES:
            mine = [row for row in rows if row["query_uuid"] in self._new_queries]
            writer.insert(session, name, mine)
        elif name in {"nested_runs", "run_facts"}:
            mine = [row for row in rows if row["course_id"] in {*self._new_documents, None}]
            writer.insert(session, name, _missing(session, name, writer.referring(name, mine)))

    def _add_documents(self, session: Session, writer: Writer, rows: Sequence[Row]) -> None:
        items = table("content_items").c
        wanted = [(row["key"], row["content_type"]) for row in rows]
        found = session.execute(
            select(items.id, items.key, items.content_type, items.body_hash).where(
                tuple_(items.key, items.content_type).in_(wanted)
            )
        )
        here = {(row.key, row.content_type): row for row in found}
        for row in rows:
            known = here.get((str(row["key"]), str(row["content_type"])))
            if known is not None:
                writer.note("content_items", row["id"], known.id)
                self.kept += known.body_hash != row["body_hash"]
        new = [row for row in rows if (row["key"], row["content_type"]) not in here]
        self._new_documents |= {row["id"] for row in new}
        writer.insert(session, "content_items", new)
        self.needs_evaluation = self.needs_evaluation or bool(new) or self.kept > 0


def _by_table(rows: Iterable[DumpedRow]) -> Iterator[tuple[str, list[Row]]]:
    for name, some in groupby(rows, key=lambda each: each.table):
        for batch in batched((each.row for each in some), BATCH):
            yield name, list(batch)


def _keys(name: str, rows: Sequence[Row]) -> Iterator[tuple[object, ...]]:
    names = key_of(name)
    return (tuple(row[key] for key in names) for row in rows)


def _missing(session: Session, name: str, rows: Sequence[Row]) -> list[Row]:
    keys = list(table(name).primary_key.columns)
    wanted = list(_keys(name, rows))
    if not wanted:
        return []
    here = {tuple(row) for row in session.execute(select(*keys).where(tuple_(*keys).in_(wanted)))}
    return [row for row, key in zip(rows, wanted, strict=True) if key not in here]


def _remove(
    session: Session, name: str, kept: set[tuple[object, ...]], enterprise: UUID | None
) -> None:
    keys = list(table(name).primary_key.columns)
    there = session.execute(select(*keys).where(shared_rows(name, enterprise))).all()
    gone = [key for key in map(tuple, there) if key not in kept]
    for batch in batched(gone, BATCH):
        session.execute(delete(table(name)).where(tuple_(*keys).in_(list(batch))))


assert set(_VANISH) < set(CONTENT)  # noqa: S101 - names are written twice
