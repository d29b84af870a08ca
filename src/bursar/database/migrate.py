"""Brings a database to the schema of this version, and tells whether it is there."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from bursar.database.engine import Database

_SCRIPTS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 0x6275_7273  # one upgrade at a time on PostgreSQL


def alembic_config(
    connection: Connection | None = None, metadata: MetaData | None = None
) -> Config:
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
            command.upgrade(alembic_config(connection), "head")


def is_current(connection: Connection) -> bool:
    """Whether the database is at this version's schema, or beyond it (a newer release runs)."""
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return False
    head, known = _revisions()
    return current == head or current not in known


@cache
def _revisions() -> tuple[str | None, frozenset[str]]:
    """The newest of this version, and all that it knows. Balancers ask often."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return scripts.get_current_head(), frozenset(each.revision for each in scripts.walk_revisions())
