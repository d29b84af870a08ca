"""Foundation and catalogs."""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant, Json

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "api_clients",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_api_clients")),
        sa.UniqueConstraint("client_id", name=op.f("uq_api_clients_client_id")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object_type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("details", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_entries_enterprise_uuid_at"),
            ["enterprise_uuid", "at"],
            unique=False,
        )

    op.create_table(
        "catalog_queries",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("content_filter", Json(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("evaluated_to", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("content_modified_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_catalog_queries")),
    )
    op.create_table(
        "content_imports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_imports")),
    )
    with op.batch_alter_table("content_imports", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_content_imports_source_size_modified_ns"),
            ["source", "size", "modified_ns"],
            unique=True,
        )

    op.create_table(
        "content_items",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column(
            "key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("family_key", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("active_until", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "content_type IN ('course', 'courserun', 'program')",
            name=op.f("ck_content_items_content_type_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_items")),
    )
    with op.batch_alter_table("content_items", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_content_items_key_content_type"), ["key", "content_type"], unique=True
        )
        batch_op.create_index(
            batch_op.f("ix_content_items_family_key"), ["family_key"], unique=False
        )

    op.create_table(
        "content_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_content_state_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_state")),
    )
    op.create_table(
        "enterprises",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("contact_email", sa.String(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_enterprises")),
        sa.UniqueConstraint("slug", name=op.f("uq_enterprises_slug")),
    )
    op.create_table(
        "idempotency_records",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_idempotency_records")),
    )
    with op.batch_alter_table("idempotency_records", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_idempotency_records_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("private_jwk", Json(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
    op.create_table(
        "token_failures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_failures")),
    )
    with op.batch_alter_table("token_failures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_token_failures_at"), ["at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_token_failures_client_id_address_at"),
            ["client_id", "address", "at"],
            unique=False,
        )

    op.create_table(
        "client_grants",
        sa.Column("client_uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.CheckConstraint(
            "role IN ('admin', 'reporting')", name=op.f("ck_client_grants_role_known")
        ),
        sa.ForeignKeyConstraint(
            ["client_uuid"], ["api_clients.uuid"], name=op.f("fk_client_grants_client_uuid")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_client_grants_enterprise_uuid")
        ),
        sa.PrimaryKeyConstraint("client_uuid", "enterprise_uuid", name=op.f("pk_client_grants")),
    )
    with op.batch_alter_table("client_grants", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_client_grants_enterprise_uuid"), ["enterprise_uuid"], unique=False
        )

    op.create_table(
        "client_secrets",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("client_uuid", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_uuid"], ["api_clients.uuid"], name=op.f("fk_client_secrets_client_uuid")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_client_secrets")),
    )
    with op.batch_alter_table("client_secrets", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_client_secrets_client_uuid"), ["client_uuid"], unique=False
        )

    op.create_table(
        "enterprise_catalogs",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("query_uuid", sa.Uuid(), nullable=True),
        sa.Column("pending_query_uuid", sa.Uuid(), nullable=True),
        sa.Column("query_since", Instant(), nullable=False),
        sa.Column("query_title", sa.String(), nullable=True),
        sa.Column("include_exec_ed_2u_courses", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_enterprise_catalogs_enterprise_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["pending_query_uuid"],
            ["catalog_queries.uuid"],
            name=op.f("fk_enterprise_catalogs_pending_query_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["query_uuid"], ["catalog_queries.uuid"], name=op.f("fk_enterprise_catalogs_query_uuid")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_enterprise_catalogs")),
    )
    with op.batch_alter_table("enterprise_catalogs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_enterprise_catalogs_enterprise_uuid_created_at_uuid"),
            ["enterprise_uuid", "created_at", "uuid"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_enterprise_catalogs_pending_query_uuid"),
            ["pending_query_uuid"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_enterprise_catalogs_query_uuid"), ["query_uuid"], unique=False
        )

    op.create_table(
        "nested_runs",
        sa.Column("run_key", sa.String(), nullable=False),
        sa.Column(
            "course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["content_items.id"], name=op.f("fk_nested_runs_course_id")
        ),
        sa.PrimaryKeyConstraint("run_key", "course_id", name=op.f("pk_nested_runs")),
    )
    with op.batch_alter_table("nested_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nested_runs_course_id"), ["course_id"], unique=False)

    op.create_table(
        "query_members",
        sa.Column("query_uuid", sa.Uuid(), nullable=False),
        sa.Column(
            "content_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "sort_key",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("active_until", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content_items.id"], name=op.f("fk_query_members_content_id")
        ),
        sa.ForeignKeyConstraint(
            ["query_uuid"], ["catalog_queries.uuid"], name=op.f("fk_query_members_query_uuid")
        ),
        sa.PrimaryKeyConstraint("query_uuid", "content_id", name=op.f("pk_query_members")),
    )
    with op.batch_alter_table("query_members", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_query_members_content_id"), ["content_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_query_members_query_uuid_changed_at"),
            ["query_uuid", "changed_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_query_members_query_uuid_removed_at"),
            ["query_uuid", "removed_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_query_members_query_uuid_sort_key_content_id"),
            ["query_uuid", "sort_key", "content_id"],
            unique=False,
        )

    op.create_table(
        "catalog_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("catalog_uuid", sa.Uuid(), nullable=False),
        sa.Column(
            "content_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("arrived", sa.Boolean(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["catalog_uuid"],
            ["enterprise_catalogs.uuid"],
            name=op.f("fk_catalog_changes_catalog_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content_items.id"], name=op.f("fk_catalog_changes_content_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_changes")),
    )
    with op.batch_alter_table("catalog_changes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_catalog_changes_catalog_uuid_at"), ["catalog_uuid", "at"], unique=False
        )
    _first_rows()
    _append_only_audit()
    if op.get_bind().dialect.name == "postgresql":
        # Documents are sent as they are stored: compressing them would cost every read.
        op.execute("ALTER TABLE content_items ALTER COLUMN body SET STORAGE EXTERNAL")


def _first_rows() -> None:
    table = sa.table("content_state", sa.column("id"), sa.column("changed_at", Instant()))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    op.execute(table.insert().values(id=1, changed_at=epoch))


def _append_only_audit() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("""
            CREATE FUNCTION audit_entries_are_final() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'audit_entries is append-only'; END $$
        """)
        op.execute("""
            CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries
            FOR EACH ROW EXECUTE FUNCTION audit_entries_are_final()
        """)
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(f"""
            CREATE TRIGGER audit_entries_no_{event.lower()} BEFORE {event} ON audit_entries
            BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END
        """)
