"""Identity providers: their role and their tokens, what they say of people, and who has left."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant, Json

revision: str = "0054"
down_revision: str | None = "0053"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SORTABLE = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ROLE = "ck_client_grants_role_known"
_OLD, _NEW = "role IN ('admin', 'reporting')", "role IN ('admin', 'reporting', 'scim')"
_REWRITE = sa.text(
    "UPDATE sqlite_schema SET sql = replace(sql, :old, :new)"
    " WHERE type = 'table' AND name = 'client_grants' AND instr(sql, :old) > 0"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(_ROLE, "client_grants", type_="check")
        # Every row meets it because it has met the old one.
        op.execute(f"ALTER TABLE client_grants ADD CONSTRAINT {_ROLE} CHECK ({_NEW}) NOT VALID")
        op.execute(f"ALTER TABLE client_grants VALIDATE CONSTRAINT {_ROLE}")
    else:
        _rewrite_on_sqlite()
    op.add_column("learners", sa.Column("deactivated_at", Instant(), nullable=True))
    op.add_column("learner_groups", sa.Column("external_id", sa.String(), nullable=True))
    op.create_table(
        "client_tokens",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("client_uuid", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_uuid"], ["api_clients.uuid"], name=op.f("fk_client_tokens_client_uuid")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_client_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_client_tokens_token_hash")),
    )
    op.create_index(op.f("ix_client_tokens_client_uuid"), "client_tokens", ["client_uuid"])
    _create_users()


def _create_users() -> None:
    op.create_table(
        "scim_users",
        sa.Column("learner_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("user_name_key", _SORTABLE, nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("attributes", Json(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_scim_users_enterprise_uuid")
        ),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_scim_users_learner_id")
        ),
        sa.PrimaryKeyConstraint("learner_id", name=op.f("pk_scim_users")),
    )
    live = sa.text("deleted_at IS NULL")
    op.create_index(
        "uq_scim_users_user_name",
        "scim_users",
        ["enterprise_uuid", "user_name_key"],
        unique=True,
        postgresql_where=live,
        sqlite_where=live,
    )
    op.create_index(
        op.f("ix_scim_users_enterprise_uuid_external_id"),
        "scim_users",
        ["enterprise_uuid", "external_id"],
    )


def _rewrite_on_sqlite() -> None:
    """Changes the text of the table's definition, as migration 0011 does and explains."""
    connection = op.get_bind()
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    try:
        if connection.execute(_REWRITE, {"old": _OLD, "new": _NEW}).rowcount != 1:
            raise RuntimeError("the definition of client_grants is not that of migration 0001")
        # Every connection reads the definition again when the number of its version has changed.
        connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    finally:
        # This connection does so at once.
        connection.execute(sa.text("PRAGMA writable_schema = RESET"))
