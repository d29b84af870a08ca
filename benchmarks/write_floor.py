"""The floor of writes: what a change costs on this stack before any of Bursar's own work.

The token is checked, one row of the client is read, and one transaction writes the rows of a real
change, which are constants by then, into tables that have the same columns and a primary key: one
statement for each table, committed as durably.
"""

from pathlib import Path
from typing import Final

import msgspec
from litestar.handlers import HTTPRouteHandler, post
from litestar.response.base import ASGIResponse
from sqlalchemy import Connection, text

from benchmarks.floor import Floor, authorization_of
from bursar.database.engine import Database
from bursar.web.adapter import AnyRequest, Threads

SHARE_OF_WRITES: Final = 0.5
SHARE_OF_LARGE_WRITES: Final = 0.6
"""What a call for ten people, and one for a thousand, should reach of the floor."""

_TABLES: Final = text(
    "SELECT schemaname, relname FROM pg_stat_user_tables WHERE schemaname <> 'floor' ORDER BY 1, 2"
)
_COLUMNS: Final = text(
    "SELECT quote_ident(attname) FROM pg_attribute"
    " WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
)
# Every change publishes an event, so the newest one is of the transaction that is looked for.
_LAST: Final = text("SELECT CAST(xmin AS text) FROM events ORDER BY id DESC LIMIT 1")


class TableRows(msgspec.Struct):
    """What one transaction wrote into a table, rows that it changed included."""

    statement: str
    rows: str
    """A JSON array of objects."""


class KeptWrite(msgspec.Struct):
    status: int
    tables: list[TableRows]


class KeptWrites:
    """Read from their files once a process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, KeptWrite] = {}

    def get(self, name: str) -> KeptWrite:
        if name not in self._kept:
            content = _file(self._folder, name).read_bytes()
            self._kept[name] = msgspec.msgpack.decode(content, type=KeptWrite)
        return self._kept[name]


def learn(database: Database, folder: Path, name: str, status: int) -> None:
    """Keeps what was written last, which was answered with this status."""
    with database.transaction() as session:
        connection = session.connection()
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS floor"))
        number = connection.execute(_LAST).scalar_one()
        tables = [
            found
            for schema, table in connection.execute(_TABLES).all()
            if (found := _rows_of(connection, f"{schema}.{table}", number)) is not None
        ]
    _file(folder, name).write_bytes(msgspec.msgpack.encode(KeptWrite(status, tables)))


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.write"


def _rows_of(connection: Connection, table: str, number: str) -> TableRows | None:
    written = (
        f"SELECT CAST(json_agg(each) AS text) FROM {table} each WHERE CAST(xmin AS text) = :of"
    )
    rows = connection.execute(text(written), {"of": number}).scalar_one()
    if rows is None:
        return None
    copy = f"floor.{table.replace('.', '_')}"
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS {copy} (LIKE {table})"))
    connection.execute(
        text(
            f"ALTER TABLE {copy} ADD COLUMN IF NOT EXISTS floor_id bigint"
            " GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        )
    )
    columns = ", ".join(connection.execute(_COLUMNS, {"table": table}).scalars())
    populated = f"json_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS json))"
    return TableRows(f"INSERT INTO {copy} ({columns}) SELECT {columns} FROM {populated}", rows)


class WriteFloor:
    def __init__(self, database: Database, floor: Floor, writes: KeptWrites) -> None:
        self._database = database
        self._floor = floor
        self._writes = writes

    def answer(self, authorization: bytes, name: str) -> int:
        """The status."""
        self._floor.admit(authorization)
        kept = self._writes.get(name)
        with self._database.transaction() as session:
            connection = session.connection()
            for table in kept.tables:
                connection.execute(text(table.statement), {"rows": table.rows})
        return kept.status


def write_floor_handler(floor: WriteFloor, threads: Threads) -> HTTPRouteHandler:
    async def handle(request: AnyRequest, name: str) -> ASGIResponse:
        await request.body()
        status = await threads.run(floor.answer, authorization_of(request), name)
        return ASGIResponse(status_code=status)

    return post("/floor/write/{name:str}")(handle)
