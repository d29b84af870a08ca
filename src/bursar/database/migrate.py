"""Brings a database to the schema of this version, and tells whether it is there."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, MetaData, column, inspect, select, table, text

from bursar.database.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_UPGRADE_LOCK: Final = 0x6275_7273  # one upgrade at a time on PostgreSQL
_VERSION: Final = table("alembic_version", column("version_num"))
# A script's name begins with its revision: 0001_foundation_and_catalogs.py
REVISIONS: Final = tuple(
    sorted(script.stem.partition("_")[0] for script in (_SCRIPTS / "versions").glob("[0-9]*.py"))
)
"""All that this version knows, the newest last."""


def alembic_config(
    connection: Connection | None = None, metadata: MetaData | None = None
) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see upgrade

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes.update(connection=connection, metadata=metadata or MetaData())
    return config


def upgrade(database: Database) -> None:
    """Runs what is missing, in one transaction; two at once do it once. A newer release's schema
    is left as it is: what that release adds is no harm to this one."""
    with database.write_engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        if not is_current(connection):
            # Eight megabytes, for what web processes and most commands never do.
            from alembic import command  # noqa: PLC0415

            command.upgrade(alembic_config(connection), "head")


def is_current(connection: Connection) -> bool:
    """Whether the database is at this version's schema, or beyond it (a newer release runs)."""
    if not inspect(connection).has_table(_VERSION.name):
        return False
    current = connection.execute(select(_VERSION.c.version_num)).scalar()
    return current is not None and (current == REVISIONS[-1] or current not in REVISIONS)
