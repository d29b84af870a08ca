"""Remembers how much of a file was imported, so that an import that was stopped can continue."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sqlalchemy import ColumnElement, Connection, Table, delete, select
from sqlalchemy.orm import DeclarativeBase, Session

from bursar import clock
from bursar.database.engine import insert_for
from bursar.importing.records import START, Place


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A row of a domain's table for one version of a file. A file that was changed has another row.

    The table has the columns source, size, modified_ns, byte_offset, line and started_at.
    `identity` names the first three and columns that only this table has, such as the enterprise.
    All columns of `identity` together have a unique index.
    """

    model: type[DeclarativeBase]
    identity: Mapping[str, object]

    @classmethod
    def of(cls, model: type[DeclarativeBase], path: Path, **own: object) -> "Bookmark":
        state = path.stat()
        file = {
            "source": str(path.resolve()),
            "size": state.st_size,
            "modified_ns": state.st_mtime_ns,
        }
        return cls(model, {**own, **file})

    def find(self, connection: Connection) -> Place:
        columns = self._table.c
        statement = select(columns.byte_offset, columns.line).where(*self._is_this)
        row = connection.execute(statement).first()
        return START if row is None else Place(*row)

    def move(self, session: Session, place: Place) -> None:
        """Stores the place. Of two concurrent imports of a file, either may store the later place;
        in both cases everything before the stored place was imported."""
        reached = {"byte_offset": place.offset, "line": place.line}
        statement = insert_for(session, self.model).values(
            **self.identity, **reached, started_at=clock.now()
        )
        session.execute(
            statement.on_conflict_do_update(index_elements=list(self.identity), set_=reached)
        )

    def remove(self, session: Session) -> None:
        session.execute(delete(self.model).where(*self._is_this))

    @property
    def _table(self) -> Table:
        return cast("Table", self.model.__table__)

    @property
    def _is_this(self) -> list[ColumnElement[bool]]:
        return [self._table.c[name] == value for name, value in self.identity.items()]
