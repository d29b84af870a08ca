"""Keeps what was read from dumps in a file beside, until it is needed in another order.

Dumps are sorted by model, and what belongs to an enterprise is spread over all of them. The file is
a SQLite database of its own, private to its owner, that is deleted at the end.
"""

import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic
from uuid import UUID

import msgspec

from bursar.adopting.choices import Choices
from bursar.adopting.dumps import DumpedObject, DumpRefused, read_dump
from bursar.adopting.shapes import F, Shape

_BATCH: Final = 2_000
_PRAGMAS: Final = (
    "journal_mode=OFF",
    "synchronous=OFF",
    "locking_mode=EXCLUSIVE",
    "cache_size=-65536",
    "temp_store=FILE",
)
_COLUMNS: Final = "t.pk, t.fields, t.file, t.number"


@dataclass(frozen=True, slots=True)
class Staged(Generic[F]):
    """An object of a dump."""

    pk: str
    fields: F
    name: str
    """For people: the file, which object of it, and its model."""

    @property
    def uuid(self) -> UUID:
        return UUID(self.pk)


class Staging:
    """What was read. Use it as a context: at its end the file is deleted."""

    def __init__(self, shapes: Sequence[Shape[Any]], choices: Choices) -> None:
        handle, path = tempfile.mkstemp(prefix="bursar-adopt-", suffix=".db")
        os.close(handle)
        self._path = Path(path)
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._shapes = {shape.model: shape for shape in shapes}
        self._choices = choices
        self._files: list[str] = []
        self._waiting: dict[str, list[tuple[object, ...]]] = {each: [] for each in self._shapes}
        self.not_read: Counter[str] = Counter()
        """How many objects of other models there were, by model."""
        for shape in shapes:
            self._connection.execute(
                f"CREATE TABLE {shape.table} (pk TEXT PRIMARY KEY, parent TEXT, link TEXT,"
                " key TEXT, file INTEGER, number INTEGER, twice INTEGER, fields BLOB)"
                " WITHOUT ROWID"
            )
        self._connection.execute("CREATE TABLE made (person TEXT PRIMARY KEY, learner INTEGER)")

    def __enter__(self) -> "Staging":
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()
        with suppress(FileNotFoundError):
            self._path.unlink()

    def read(self, path: Path, told: Callable[[int], None] = lambda _bytes: None) -> None:
        """Takes all objects of a file. Raises DumpRefused."""
        self._files.append(path.name)
        for found in read_dump(path, told):
            shape = self._shapes.get(found.model)
            if shape is None:
                self.not_read[found.model] += 1
            else:
                self._take(shape, found)
        for model in self._shapes:
            self._write(model)

    def finish(self) -> None:
        """After the last file. Raises DumpRefused for what stands there twice and differs, and for
        what belongs to an object that is not there."""
        for shape in self._shapes.values():
            for column in ("parent", "link", "key"):
                self._connection.execute(
                    f"CREATE INDEX {shape.table}_{column} ON {shape.table} ({column})"
                    f" WHERE {column} IS NOT NULL"
                )
            for pk, file, number, twice in self._connection.execute(
                f"SELECT pk, file, number, twice FROM {shape.table} WHERE twice IS NOT NULL LIMIT 1"  # noqa: S608 - names of ours
            ):
                name = self._name(shape.model, pk, file, number)
                raise DumpRefused(f"{name}: there again, as object {twice}, with other fields")
            self._refuse_orphans(shape)

    def _refuse_orphans(self, shape: Shape[Any]) -> None:
        if shape.within is None:
            return
        parents = shape.within.replace(".", "_")
        for pk, parent, file, number in self._connection.execute(
            f"SELECT t.pk, t.parent, t.file, t.number FROM {shape.table} t"  # noqa: S608
            f" LEFT JOIN {parents} p ON p.pk = t.parent"
            " WHERE t.parent IS NOT NULL AND p.pk IS NULL LIMIT 1"
        ):
            name = self._name(shape.model, pk, file, number)
            raise DumpRefused(f"{name}: belongs to {shape.within} {parent}, which is in no file")

    def count(self, shape: Shape[Any]) -> int:
        found = self._connection.execute(f"SELECT count(*) FROM {shape.table}").fetchone()  # noqa: S608
        return int(found[0])

    def count_of(self, shape: Shape[Any], parent: object, statuses: Sequence[str]) -> int:
        """How many objects of a parent have one of these statuses."""
        return sum(1 for each in self.of(shape, parent) if each.fields.status in statuses)

    def get(self, shape: Shape[F], pk: object) -> Staged[F] | None:
        return next(self._select(shape, "WHERE t.pk = ?", (str(pk),)), None)

    def all(self, shape: Shape[F]) -> Iterator[Staged[F]]:
        return self._select(shape, "", ())

    def of(self, shape: Shape[F], parent: object) -> Iterator[Staged[F]]:
        """The objects that belong to this one."""
        return self._select(shape, "WHERE t.parent = ?", (str(parent),))

    def linked(self, shape: Shape[F], link: object) -> Iterator[Staged[F]]:
        return self._select(shape, "WHERE t.link = ?", (str(link),))

    def repeated(self, shape: Shape[F], parent: object) -> Iterator[list[Staged[F]]]:
        """Objects of one parent that have the same key, those of a key together."""
        keys = self._connection.execute(
            f"SELECT key FROM {shape.table} WHERE parent = ? AND key IS NOT NULL"  # noqa: S608
            " GROUP BY key HAVING count(*) > 1 ORDER BY key",
            (str(parent),),
        ).fetchall()
        for (key,) in keys:
            condition = "WHERE t.parent = ? AND t.key = ?"
            yield list(self._select(shape, condition, (str(parent), key)))

    def rows(self, statement: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """For joins of what was read; see the modules of the services."""
        return iter(self._connection.execute(statement, values))

    def decoded(self, shape: Shape[F], row: Sequence[Any]) -> Staged[F]:
        """An object of its columns pk, fields, file and number."""
        pk, fields, file, number = row
        decoder: F = msgspec.msgpack.decode(fields, type=shape.fields)
        return Staged(pk, decoder, self._name(shape.model, pk, file, number))

    def note_learners(self, people: Sequence[tuple[str, int]]) -> None:
        """Which learner was made of a person of the old service."""
        self._connection.executemany("INSERT OR REPLACE INTO made VALUES (?, ?)", people)

    def _select(
        self, shape: Shape[F], condition: str, values: Sequence[object]
    ) -> Iterator[Staged[F]]:
        statement = f"SELECT {_COLUMNS} FROM {shape.table} t {condition}"  # noqa: S608
        for row in self._connection.execute(statement, values):
            yield self.decoded(shape, row)

    def _name(self, model: str, pk: str, file: int, number: int) -> str:
        return f"{self._files[file]}: object {number} ({model} {pk})"

    def _take(self, shape: Shape[Any], found: DumpedObject) -> None:
        file = len(self._files) - 1
        fields = self._converted(shape, found)
        try:
            pk = str(msgspec.convert(found.pk, shape.pk))
        except msgspec.ValidationError as error:
            raise self._refusal(found, f"its pk is none: {error}") from error
        waiting = self._waiting[shape.model]
        waiting.append(
            (
                pk,
                _text(shape.parent(fields)),
                _text(shape.link(fields)),
                shape.key(fields),
                file,
                found.number,
                msgspec.msgpack.encode(fields),
            )
        )
        if len(waiting) >= _BATCH:
            self._write(shape.model)

    def _converted(self, shape: Shape[F], found: DumpedObject) -> F:
        try:
            return msgspec.convert(found.fields, shape.fields)
        except msgspec.ValidationError as error:
            unknown = found.fields.keys() - shape.names
            if not unknown or not self._choices.of("unknown_field", found.model):
                raise self._refusal(found, _why(error, unknown)) from error
        try:
            known = {name: found.fields[name] for name in found.fields.keys() & shape.names}
            return msgspec.convert(known, shape.fields)
        except msgspec.ValidationError as error:
            raise self._refusal(found, str(error)) from error

    def _refusal(self, found: DumpedObject, why: str) -> DumpRefused:
        name = self._name(found.model, str(found.pk), len(self._files) - 1, found.number)
        return DumpRefused(f"{name}: {why}")

    def _write(self, model: str) -> None:
        waiting, shape = self._waiting[model], self._shapes[model]
        self._connection.execute("BEGIN")
        self._connection.executemany(
            f"INSERT INTO {shape.table} VALUES (?, ?, ?, ?, ?, ?, NULL, ?) ON CONFLICT (pk) DO"  # noqa: S608
            " UPDATE SET twice = excluded.number WHERE fields <> excluded.fields",
            waiting,
        )
        self._connection.execute("COMMIT")
        waiting.clear()


def _why(error: msgspec.ValidationError, unknown: set[str]) -> str:
    if "unknown field" not in str(error) or not unknown:
        return str(error)
    names = ", ".join(sorted(unknown))
    return (
        f"this version of Bursar does not know the field {names}. When nothing of it has to be"
        " kept, say `unknown_field: ignore` in the choices"
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
