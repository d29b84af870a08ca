"""Engines for the two databases: the one place that knows how they differ."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import psycopg
from sqlalchemy import Connection, Engine, ExceptionContext, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bursar.database.pools import WatchedPool
from bursar.database.private_files import keep_private
from bursar.database.text import add_functions_to_sqlite
from bursar.database.troubles import DatabaseReadOnly, trouble_of
from bursar.database.urls import sqlalchemy_url
from bursar.waits import Waits

SQLITE_BUSY_SECONDS = 60
DATABASE_AWAY: Final = (OperationalError, InterfaceError, PoolTimeout)
"""The errors raised when the database cannot be reached, or the pool has no free connection."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection waits, in seconds, before it raises DatabaseBusy."""

    lock: float | None = None
    """For a lock that another transaction holds. None: on PostgreSQL without end, on SQLite
    SQLITE_BUSY_SECONDS."""
    statement: float | None = None
    """For a whole statement, on PostgreSQL. None: without end."""


PATIENT: Final = Patience()
"""Of commands and workers, for which nobody waits at the other end of a connection."""


class Database:
    """A database with two ways in.

    `read()` gives autocommit connections (one round trip a statement), `snapshot()` one consistent
    view of the database over several statements, `transaction()` a session that
    commits at the end or leaves nothing behind.
    """

    def __init__(
        self, url: str, *, pool_size: int = 8, patience: Patience = PATIENT, pooled: bool = False
    ) -> None:
        """`pooled`: the URL leads to a pooler of connections, which keeps no state of a session
        from one transaction to the next."""
        self.url = sqlalchemy_url(url)
        self.patience = patience
        self.pooled = pooled
        self.info: dict[str, object] = {}
        """What every session of `transaction` has in `Session.info` for services, such as the table
        of subscriptions to events."""
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.tightened: list[str] = []
        """A sentence for each file of SQLite that others had access to until now."""
        if self.is_sqlite and self.url.database:
            self.tightened = keep_private(Path(self.url.database))
        self.write_engine = self._engine(pool_size, autocommit=False)
        self.read_engine = self._engine(pool_size, autocommit=True)

    def _engine(self, pool_size: int, *, autocommit: bool) -> Engine:
        # Slow readers of streams hold connections while no thread works for them, and probes must
        # find one whatever the others do.
        overflow = pool_size // 2 + 4 if autocommit else 2
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": overflow}
        options["poolclass"] = WatchedPool
        options["pool_timeout"] = self.patience.lock or 60
        options["hide_parameters"] = True  # An error must not carry a learner's data into a log.
        if autocommit:
            options |= {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None}
        if self.is_sqlite:
            options["connect_args"] = {"check_same_thread": False, "timeout": self._busy_seconds}
        else:
            # A session in another time zone would shift instants of the year 9999, which stand for
            # "never", out of Python's range.
            # Just-in-time compilation takes longer than it saves with as few rows as we read.
            limits = {"timezone": "UTC", "jit": "off", **self._timeouts(autocommit=autocommit)}
            settings = " ".join(f"-c {name}={value}" for name, value in limits.items())
            # A statement that was prepared in one transaction is unknown in the next, when that
            # has another server connection.
            session = {"prepare_threshold": None} if self.pooled else {"options": settings}
            options["connect_args"] = {**session, "application_name": "bursar"}
            # The pre-ping replaces a connection that the server has dropped, so that no request
            # fails with it.
            options |= {"pool_pre_ping": not autocommit, "pool_recycle": 1800}
        engine = create_engine(self.url, **options)
        event.listen(engine, "handle_error", self._name_trouble)
        if self.is_sqlite:
            event.listen(engine, "connect", partial(_set_sqlite_pragmas, self._busy_seconds))
            if not autocommit:
                event.listen(engine, "begin", _begin_immediate)
        elif self.pooled and not autocommit:
            event.listen(engine, "begin", self._limit_transaction)
        return engine

    def _limit_transaction(self, connection: Connection) -> None:
        limits = self._timeouts(autocommit=False)
        commands = [f"SET LOCAL {name} = '{value}'" for name, value in limits.items()]
        if commands:
            connection.exec_driver_sql("; ".join(commands))

    @property
    def _busy_seconds(self) -> float:
        return self.patience.lock or SQLITE_BUSY_SECONDS

    def _timeouts(self, *, autocommit: bool) -> dict[str, str]:
        """PostgreSQL's settings for this patience, by name."""
        wanted = {
            "lock_timeout": self.patience.lock,
            "statement_timeout": self.patience.statement,
            # A process that was stopped inside a transaction would hold its locks for ever. A
            # stream may rest for as long as its reader does.
            "idle_in_transaction_session_timeout": None if autocommit else self.patience.statement,
        }
        return {name: f"{round(value * 1000)}ms" for name, value in wanted.items() if value}

    def _name_trouble(self, context: ExceptionContext) -> BaseException | None:
        """Gives errors that callers have to tell apart a class of their own."""
        kind = trouble_of(context.original_exception)
        if kind is None:
            return None
        if kind is DatabaseReadOnly:
            # After a failover other connections, also those for reading, are still with the server
            # that was replaced. New ones look for the primary.
            context.is_disconnect = not self.is_sqlite
            self.dispose()
        return kind(context.statement, None, context.original_exception, hide_parameters=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.read_engine.connect() as connection:
            yield connection

    def accepts_changes(self, connection: Connection) -> bool:
        """Whether the server at the other end of a connection of `read()` takes writes. If not,
        connections are made anew, as after a write that was refused."""
        if self.is_sqlite:
            return os.access(self.url.database or "", os.W_OK)
        state = connection.exec_driver_sql("SELECT current_setting('transaction_read_only')")
        if state.scalar() == "off":
            return True
        self.dispose()
        return False

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        with self.read_engine.connect() as connection, snapshot_on(connection):
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        session = Session(self.write_engine, expire_on_commit=False, info=dict[Any, Any](self.info))
        with session, session.begin():
            yield session

    def connections_in_use(self, *, write: bool) -> int:
        return self._pool(write=write).checkedout()

    def watch_connections(self, waits: Waits, *, write: bool) -> None:
        """From now on `waits` knows who waits for a connection of this kind."""
        self._pool(write=write).waits = waits

    def _pool(self, *, write: bool) -> WatchedPool:
        pool = (self.write_engine if write else self.read_engine).pool
        assert isinstance(pool, WatchedPool)  # noqa: S101 - the engine was made with it
        return pool

    def dispose(self) -> None:
        self.read_engine.dispose()
        self.write_engine.dispose()


@contextmanager
def snapshot_on(connection: Connection) -> Iterator[None]:
    """Gives a connection of `read()` one consistent, read-only view until the block ends."""
    is_sqlite = connection.dialect.name == "sqlite"
    begin = "BEGIN" if is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    connection.exec_driver_sql(begin)
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.exec_driver_sql("ROLLBACK")


def _set_sqlite_pragmas(busy_seconds: float, raw: Any, _record: Any) -> None:
    # Transactions are begun explicitly (below), never implicitly by the driver.
    raw.isolation_level = None
    cursor = raw.cursor()
    for pragma in (
        f"busy_timeout={round(busy_seconds * 1000)}",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-8000",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    _write_ahead(cursor)
    cursor.close()
    add_functions_to_sqlite(raw)


def _write_ahead(cursor: Any) -> None:
    # When two processes change a new file to WAL at the same time, SQLite refuses one of them at
    # once instead of letting it wait.
    persistently = Retrying(
        retry=retry_if_exception_type(sqlite3.OperationalError),
        wait=wait_fixed(0.02),
        stop=stop_after_delay(SQLITE_BUSY_SECONDS),
        reraise=True,
    )
    persistently(cursor.execute, "PRAGMA journal_mode=WAL")


def _begin_immediate(connection: Connection) -> None:
    # The write lock is taken before anything is read, so what was read is still true at commit.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def insert_for(connection: Connection | Session, model: type[DeclarativeBase]) -> Any:
    """An INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    bind = connection.get_bind() if isinstance(connection, Session) else connection
    table = cast("Table", model.__table__)
    return sqlite.insert(table) if bind.dialect.name == "sqlite" else postgresql.insert(table)


@contextmanager
def raising_as_sqlalchemy(connection: Connection, what: str) -> Iterator[None]:
    """Raises errors of psycopg as SQLAlchemy's, because callers of code that uses psycopg directly
    catch those of SQLAlchemy."""
    try:
        yield
    except psycopg.Error as error:
        if kind := trouble_of(error):
            raise kind(what, None, error, hide_parameters=True) from error
        raise DBAPIError.instance(
            what, None, error, psycopg.Error, dialect=connection.dialect
        ) from error
