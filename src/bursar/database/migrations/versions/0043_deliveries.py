"""The mails table becomes the ledger of deliveries, with a row for each attempt.

On PostgreSQL the release before this one goes on working: a view has the name, the columns and the
rows that it knows. The view goes a release later.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from bursar.database import online
from bursar.database.types import Instant, Json

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OLD = (
    "id",
    "uuid",
    "enterprise_uuid",
    "kind",
    "subject_uuid",
    "recipient",
    "context",
    "status",
    "attempts",
    "next_attempt_at",
    "claimed_until",
    "created_at",
    "finished_at",
    "error",
)
_NAMES = ", ".join(_OLD)
_KNOWN = "channel IN ('mail', 'webhook', 'xapi', 'report', 'scim')"
_TARGETED = "channel = 'mail' OR target_uuid IS NOT NULL"
_NEW_CHECKS = {
    "ck_deliveries_channel_known": _KNOWN,
    "ck_deliveries_has_target": _TARGETED,
}
_NEW_INDEXES: tuple[tuple[str, list[Any], str], ...] = (
    (
        "ix_deliveries_due",
        ["channel", "target_uuid", "next_attempt_at", "id"],
        "status = 'pending' AND target_uuid IS NOT NULL",
    ),
    (
        "ix_deliveries_mail_due",
        ["enterprise_uuid", "next_attempt_at", "id"],
        "status = 'pending' AND target_uuid IS NULL",
    ),
    (
        "ix_deliveries_leased",
        ["channel", "target_uuid"],
        "status = 'pending' AND claimed_until IS NOT NULL",
    ),
    ("ix_deliveries_target", ["target_uuid", "id"], "target_uuid IS NOT NULL"),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _on_postgresql()
    else:
        _on_sqlite()
    op.create_table(
        "delivery_attempts",
        sa.Column(
            "delivery_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_delivery_attempts_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_delivery_attempts")),
    )
    answered = sa.text("answer IS NOT NULL")
    op.create_index(
        "ix_delivery_attempts_answered",
        "delivery_attempts",
        ["at"],
        postgresql_where=answered,
        sqlite_where=answered,
    )


def _new_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("channel", sa.String(), server_default="mail", nullable=False),
        sa.Column("target_uuid", sa.Uuid(), nullable=True),
        sa.Column("event_uuid", sa.Uuid(), nullable=True),
        sa.Column("attempted", sa.Integer(), server_default="0", nullable=False),
    ]


def _on_postgresql() -> None:
    # An upgrade that broke off later has done this before.
    for column in _new_columns():
        if not online.has_column("mails", column.name):
            op.add_column("mails", column)
    for name, condition in _NEW_CHECKS.items():
        op.execute(f"ALTER TABLE mails DROP CONSTRAINT IF EXISTS {name}")
        # NOT VALID, and looked at later, because reading all rows here would stop everybody else.
        op.execute(f"ALTER TABLE mails ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
    for name, columns, where in _NEW_INDEXES:
        online.create_index(name, "mails", columns, where=sa.text(where))
    for name in _NEW_CHECKS:
        op.execute(f"ALTER TABLE mails VALIDATE CONSTRAINT {name}")
    _rename()
    _let_the_old_release_work()


def _rename() -> None:
    op.execute("ALTER TABLE mails RENAME TO deliveries")
    op.execute("ALTER SEQUENCE mails_id_seq RENAME TO deliveries_id_seq")
    for name in ("ck_{}_status_known", "ck_{}_attempts_not_negative", "pk_{}"):
        old, new = name.format("mails"), name.format("deliveries")
        op.execute(f"ALTER TABLE deliveries RENAME CONSTRAINT {old} TO {new}")
    op.execute(
        "ALTER TABLE deliveries RENAME CONSTRAINT fk_mails_enterprise_uuid"
        " TO fk_deliveries_enterprise_uuid"
    )
    op.execute("DROP INDEX ix_mails_due")
    for name in ("failed", "worded", "enterprise_uuid_created_at", "subject_uuid", "uuid"):
        op.execute(f"ALTER INDEX ix_mails_{name} RENAME TO ix_deliveries_{name}")


def _let_the_old_release_work() -> None:
    """The view passes everything on by itself but COPY, which needs a trigger."""
    op.execute(f"CREATE VIEW mails AS SELECT {_NAMES} FROM deliveries WHERE channel = 'mail'")  # noqa: S608
    given = [name for name in _OLD if name != "id"]
    op.execute(f"""
        CREATE FUNCTION insert_into_mails() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO deliveries ({", ".join(given)})
            VALUES ({", ".join(f"NEW.{name}" for name in given)});
            RETURN NEW;
        END $$
    """)  # noqa: S608
    op.execute("""
        CREATE TRIGGER mails_insert INSTEAD OF INSERT ON mails
        FOR EACH ROW EXECUTE FUNCTION insert_into_mails()
    """)


def _on_sqlite() -> None:
    """A new table, because SQLite renames no constraint."""
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_uuid", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("context", Json(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        *_new_columns(),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'dropped', 'failed')",
            name=op.f("ck_deliveries_status_known"),
        ),
        *(sa.CheckConstraint(each, name=op.f(name)) for name, each in _NEW_CHECKS.items()),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_deliveries_attempts_not_negative")),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_deliveries_enterprise_uuid")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.execute(f"INSERT INTO deliveries ({_NAMES}) SELECT {_NAMES} FROM mails")  # noqa: S608
    op.drop_table("mails")
    for name, columns, where in _NEW_INDEXES:
        op.create_index(name, "deliveries", columns, sqlite_where=sa.text(where))
    for name, columns, where in (
        ("ix_deliveries_failed", ["finished_at"], "status = 'failed'"),
        ("ix_deliveries_worded", ["created_at"], "context <> '{}'"),
    ):
        op.create_index(name, "deliveries", columns, sqlite_where=sa.text(where))
    op.create_index(
        "ix_deliveries_enterprise_uuid_created_at", "deliveries", ["enterprise_uuid", "created_at"]
    )
    op.create_index("ix_deliveries_subject_uuid", "deliveries", ["subject_uuid"])
    op.create_index("ix_deliveries_uuid", "deliveries", ["uuid"], unique=True)
