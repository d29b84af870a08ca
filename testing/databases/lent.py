"""One database of each kind, which is lent to one test after another, because creating one takes
longer than most tests.

The `Database` object is lent as well, because its engines cache compiled statements. Compiling
them would be most of the processor time of a small test.
"""

import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, LiteralString, Protocol, Self, TypeAlias
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Composable, Identifier, Literal

from bursar.database.engine import Database
from testing.databases.composed import composed
from testing.databases.postgres import PostgresAddress

Table: TypeAlias = tuple[str, str]
"""Schema and name."""

DISCONNECT: LiteralString = """
    SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'
"""
TABLES: LiteralString = """
    SELECT schemaname, relname FROM pg_stat_user_tables ORDER BY schemaname, relname
"""
SEQUENCES: LiteralString = """
    SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL
"""


class Lent(Protocol):
    """A database that has the rows of its template whenever a test gets it."""

    url: str
    database: Database

    def take_back(self) -> None:
        """Restores the rows of the template."""


class LentFile:
    """On SQLite."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._template = template
        self._file = folder / "bursar.db"
        self.url = f"sqlite:///{self._file}"
        self._copy()
        self.database = composed(self.url)
        self._info = dict(self.database.info)

    def take_back(self) -> None:
        _restore(self.database, self._info)
        # The files are replaced and not overwritten: a process that has them open keeps the old
        # ones.
        for name in ("bursar.db", "bursar.db-wal", "bursar.db-shm", "bursar.db.secret"):
            self._file.with_name(name).unlink(missing_ok=True)
        self._copy()

    def _copy(self) -> None:
        # With its permissions: a file that others can read would be told of.
        shutil.copy(self._template, self._file)


class LentDatabase:
    """On PostgreSQL. Nobody may change its schema."""

    def __init__(self, address: PostgresAddress, template: str) -> None:
        self._address = address
        self._name = f"lent{uuid4().hex}"
        self.url = address.create_database(self._name, template=template)
        self.database = composed(self.url)
        self._info = dict(self.database.info)
        with self._connection() as connection:
            self._rows = {
                table: self._copy_of(connection, table)
                for table in connection.execute(TABLES).fetchall()
            }
            self._numbers = self._numbers_of(connection)
        self._emptied = SQL(";").join(
            [
                # This disables foreign keys and the triggers that protect the ledger.
                SQL("SET session_replication_role = replica"),
                *(SQL("DELETE FROM {}").format(Identifier(*table)) for table in self._rows),
            ]
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.database.dispose()
        self._address.drop_database(self._name)

    def take_back(self) -> None:
        """Restores the rows. Connections that are still open, perhaps of a killed process, are
        closed first."""
        _restore(self.database, self._info)
        with self._connection() as connection:
            connection.execute(DISCONNECT)
            # In one message: a round trip for each table would take longer than most tests.
            connection.execute(self._emptied)
            for table, rows in self._rows.items():
                if rows:
                    self._put_back(connection, table, rows)
            if numbers := self._numbers_of(connection):
                connection.execute(SQL(";").join(map(self._go_on, numbers)))

    def _go_on(self, sequence: Table) -> Composable:
        name = Identifier(*sequence)
        if sequence not in self._numbers:
            return SQL("ALTER SEQUENCE {} RESTART").format(name)
        return SQL("SELECT setval({}::regclass, {})").format(
            Literal(name.as_string()), self._numbers[sequence]
        )

    def _connection(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url, autocommit=True)

    @staticmethod
    def _numbers_of(connection: psycopg.Connection[Any]) -> dict[Table, int]:
        """The last number of each sequence that has given one."""
        rows = connection.execute(SEQUENCES).fetchall()
        return {(schema, name): number for schema, name, number in rows}

    @staticmethod
    def _copy_of(connection: psycopg.Connection[Any], table: Table) -> bytes:
        statement = SQL("COPY {} TO STDOUT").format(Identifier(*table))
        with connection.cursor().copy(statement) as copy:
            return b"".join(bytes(part) for part in copy)

    @staticmethod
    def _put_back(connection: psycopg.Connection[Any], table: Table, rows: bytes) -> None:
        statement = SQL("COPY {} FROM STDIN").format(Identifier(*table))
        with connection.cursor().copy(statement) as copy:
            copy.write(rows)


def _restore(database: Database, info: dict[str, object]) -> None:
    """A test may have given the sessions something else to carry."""
    database.dispose()
    database.info.clear()
    database.info.update(info)
