"""Learner pathways are content too."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OLD = "content_type IN ('course', 'courserun', 'program')"
_NEW = "content_type IN ('course', 'courserun', 'program', 'learnerpathway')"
_NAME = "ck_content_items_content_type_known"
_REWRITE = sa.text(
    "UPDATE sqlite_schema SET sql = replace(sql, :old, :new)"
    " WHERE type = 'table' AND name = 'content_items' AND instr(sql, :old) > 0"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(_NAME, "content_items", type_="check")
        op.create_check_constraint(op.f(_NAME), "content_items", _NEW)
    else:
        _rewrite_on_sqlite()


def _rewrite_on_sqlite() -> None:
    """Changes the text of the table's definition, as SQLite's manual has it for a constraint that
    every row meets already (https://sqlite.org/lang_altertable.html, "Making Other Kinds Of Table
    Schema Changes"). A new table in its place would break the foreign keys that lead to this one:
    they cannot be switched off within a transaction."""
    connection = op.get_bind()
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    try:
        changed = connection.execute(_REWRITE, {"old": _OLD, "new": _NEW})
        if changed.rowcount != 1:
            raise RuntimeError("the definition of content_items is not the one of migration 0001")
        # Every connection reads the definition again when the number of its version has changed.
        connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    finally:
        # This connection does so at once.
        connection.execute(sa.text("PRAGMA writable_schema = RESET"))
