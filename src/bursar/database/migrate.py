"""Migrates a database to the schema of this version, and tells whether that is needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, MetaData, column, inspect, select, table, text

from bursar.database.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_UPGRADE_LOCK: Final = 0x6275_7273
"""The advisory lock that lets only one process upgrade a PostgreSQL database at a time."""
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


def upgrade(database: Database) -> None:
    """Runs the missing migrations in one transaction. Of two processes at once, only one runs them.

    A schema of a newer release is left as it is, because this release works with what that one
    adds.
    """
    with database.write_engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        if not is_current(connection):
            # Alembic takes eight megabytes, and web processes and most commands never migrate.
            from alembic import command  # noqa: PLC0415

            command.upgrade(alembic_config(connection), "head")


def is_current(connection: Connection) -> bool:
    """Whether the database is at this version's schema, or beyond it (a newer release runs)."""
    if not inspect(connection).has_table(_VERSION.name):
        return False
    current = connection.execute(select(_VERSION.c.version_num)).scalar()
    return current is not None and (current == REVISIONS[-1] or current not in REVISIONS)
