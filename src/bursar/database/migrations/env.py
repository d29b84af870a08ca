"""Alembic's entry: runs on the connection that `database.migrate` hands over."""

from typing import Any

from alembic import context


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    # DBOS keeps its own tables beside ours on SQLite.
    if name == "ix_learners_email_parts":  # made where the server can, and known to no model
        return False
    return kind != "table" or name in context.config.attributes["metadata"].tables


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    include_name=_is_ours,
    compare_type=True,
    render_as_batch=True,
    # On PostgreSQL each migration is a transaction of its own, so that none holds its locks while
    # the next one works. SQLite has one writer anyway: there all are one transaction, which
    # `database.migrate` has begun.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
