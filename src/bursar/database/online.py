"""What migrations do to tables that are in use: no writer waits while an index is made."""

from collections.abc import Sequence
from typing import Any

from alembic import op
from sqlalchemy import inspect


def create_index(
    name: str, table: str, columns: Sequence[Any], *, unique: bool = False, where: Any = None
) -> None:
    """Makes an index on a table that may have many rows and be in use.

    On PostgreSQL this commits what the migration did before, and is not undone when the migration
    breaks off later. So a migration does this first, or only what may be done twice before it.
    """
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(name, table, columns, unique=unique, sqlite_where=where)
        return
    with op.get_context().autocommit_block():
        # It waits for transactions that began earlier, and nobody waits for it meanwhile.
        op.execute("SET lock_timeout = 0")
        # One that broke off left an index behind that is not valid, under this name.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.create_index(
            name,
            table,
            columns,
            unique=unique,
            postgresql_where=where,
            postgresql_concurrently=True,
        )
        op.execute("RESET lock_timeout")


def has_column(table: str, name: str) -> bool:
    """For what comes before `create_index`, and may have been done before."""
    return any(column["name"] == name for column in inspect(op.get_bind()).get_columns(table))
