"""One PostgreSQL database, lent to test after test: making one takes longer than most tests."""

from types import TracebackType
from typing import Any, LiteralString, Self, TypeAlias
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier

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
    SELECT schemaname, sequencename FROM pg_sequences WHERE last_value IS NOT NULL
"""


class LentDatabase:
    """Whenever a test gets it, it has the rows of its template. Nobody may change its schema."""

    def __init__(self, address: PostgresAddress, template: str) -> None:
        self._address = address
        self._name = f"lent{uuid4().hex}"
        self.url = address.create_database(self._name, template=template)
        with self._connection() as connection:
            self._rows = {
                table: self._copy_of(connection, table)
                for table in connection.execute(TABLES).fetchall()
            }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._address.drop_database(self._name)

    def empty(self) -> None:
        """Whoever is still connected, a killed process perhaps, is thrown out first."""
        with self._connection() as connection:
            connection.execute(DISCONNECT)
            # Neither foreign keys nor the triggers that keep the ledger are in the way.
            connection.execute("SET session_replication_role = replica")
            for table, rows in self._rows.items():
                connection.execute(SQL("DELETE FROM {}").format(Identifier(*table)))
                if rows:
                    self._put_back(connection, table, rows)
            for sequence in connection.execute(SEQUENCES).fetchall():
                restart = SQL("ALTER SEQUENCE {} RESTART").format(Identifier(*sequence))
                connection.execute(restart)

    def _connection(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url, autocommit=True)

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
