"""Work that opens its own transactions, as a part of one that is open already."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.database.engine import PATIENT, Database


class DatabaseWithin(Database):
    """Looks like the database to what is done in it, and commits nothing. A transaction that fails
    is undone for itself, so that its caller can go on as ever.

    It has no connections of its own, and must not be used after the transaction around it.
    """

    def __init__(self, session: Session, info: dict[str, object]) -> None:
        self._connection = session.connection()
        self.info = info
        self.is_sqlite = self._connection.dialect.name == "sqlite"
        self.patience = PATIENT

    @contextmanager
    def read(self) -> Iterator[Connection]:
        yield self._connection

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        session = Session(
            self._connection,
            expire_on_commit=False,
            info=dict[Any, Any](self.info),
            join_transaction_mode="create_savepoint",
        )
        with session, session.begin():
            yield session
