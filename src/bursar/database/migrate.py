"""Migrates a database to the schema of this version, and tells whether that is needed."""

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import Connection, MetaData, column, inspect, select, table, text
from tenacity import (
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    wait_fixed,
)

from bursar.database.engine import Database, Patience
from bursar.database.troubles import DatabaseBusy

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_UPGRADE_LOCK: Final = 0x6275_7273
"""The advisory lock that lets only one process upgrade a PostgreSQL database at a time."""
_HASTY: Final = Patience(lock=2)
_PAUSE_SECONDS: Final = 1.0
_ATTEMPTS: Final = 300
_log = structlog.get_logger(__name__)
_VERSION: Final = table("alembic_version", column("version_num"))
# A script's name begins with its revision: 0001_foundation_and_catalogs.py
REVISIONS: Final = tuple(
    sorted(script.stem.partition("_")[0] for script in (_SCRIPTS / "versions").glob("[0-9]*.py"))
)
"""All revisions that this version knows, the newest last."""


def alembic_config(
    connection: Connection | None = None, metadata: MetaData | None = None
) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see upgrade

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes.update(connection=connection, metadata=metadata or MetaData())
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Runs the missing migrations. Of two processes at once, only one runs them.

    On PostgreSQL each is a transaction of its own, and none waits long for a lock: everybody who
    needs the table after it would wait behind it. It gives up and is tried again. Raises
    DatabaseBusy when a lock was never free. On SQLite all are one transaction.

    A schema of a newer release is left as it is, because this release works with what that one
    adds.
    """
    if database.is_sqlite:
        with database.write_engine.begin() as connection:
            _run_missing(connection, revision)
        return
    hasty = Database(
        database.url.render_as_string(hide_password=False), pool_size=1, patience=_HASTY
    )
    try:
        with database.read() as watching, _alone(watching):
            _with_patience(hasty, revision)
    finally:
        hasty.dispose()


def _with_patience(hasty: Database, revision: str) -> None:
    patiently = Retrying(
        retry=retry_if_exception_type(DatabaseBusy),
        wait=wait_fixed(_PAUSE_SECONDS),
        stop=stop_after_attempt(_ATTEMPTS),
        before_sleep=lambda _: _log.warning("a migration waits for a lock, and lets others go on"),
        reraise=True,
    )
    for attempt in patiently:
        with attempt, hasty.write_engine.connect() as connection:
            _run_missing(connection, revision)
            connection.commit()


def _run_missing(connection: Connection, revision: str) -> None:
    is_done = is_current(connection)
    if connection.dialect.name != "sqlite":
        connection.rollback()  # Alembic begins a transaction for each migration.
    if not is_done:
        # Alembic takes eight megabytes, and web processes and most commands never migrate.
        from alembic import command  # noqa: PLC0415

        command.upgrade(alembic_config(connection), revision)


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Holds the lock of upgrades. It is asked for again and again: whoever waits for it inside a
    statement keeps a snapshot, and indexes that are made concurrently wait for all snapshots."""
    key = {"key": _UPGRADE_LOCK}
    patiently = Retrying(retry=retry_if_result(operator.not_), wait=wait_fixed(0.1))
    patiently(lambda: connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key))
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)


def is_current(connection: Connection) -> bool:
    """Whether the database is at this version's schema, or beyond it (a newer release runs)."""
    if not inspect(connection).has_table(_VERSION.name):
        return False
    current = connection.execute(select(_VERSION.c.version_num)).scalar()
    return current is not None and (current == REVISIONS[-1] or current not in REVISIONS)
