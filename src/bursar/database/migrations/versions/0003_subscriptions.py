"""Subscription plans, their licenses and renewals."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LICENSE_MOVES = (
    "unassigned>assigned",
    "assigned>activated",
    "assigned>revoked",
    "activated>revoked",
)


def upgrade() -> None:
    op.create_table(
        "subscription_plans",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("start_date", Instant(), nullable=False),
        sa.Column("expiration_date", Instant(), nullable=False),
        sa.Column("enterprise_catalog_uuid", sa.Uuid(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_revocation_cap_enabled", sa.Boolean(), nullable=False),
        sa.Column("revoke_max_percentage", sa.Integer(), nullable=False),
        sa.Column("should_auto_apply_licenses", sa.Boolean(), nullable=False),
        sa.Column("is_locked_for_renewal_processing", sa.Boolean(), nullable=False),
        sa.Column("unassigned_count", sa.BigInteger(), nullable=False),
        sa.Column("assigned_count", sa.BigInteger(), nullable=False),
        sa.Column("activated_count", sa.BigInteger(), nullable=False),
        sa.Column("revoked_count", sa.BigInteger(), nullable=False),
        sa.Column("revoked_activated_count", sa.BigInteger(), nullable=False),
        sa.Column("wound_up_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "revoke_max_percentage BETWEEN 0 AND 100",
            name=op.f("ck_subscription_plans_percentage_in_range"),
        ),
        sa.CheckConstraint(
            "start_date < expiration_date", name=op.f("ck_subscription_plans_ends_after_it_begins")
        ),
        sa.CheckConstraint(
            "unassigned_count >= 0 AND assigned_count >= 0 AND activated_count >= 0 AND revoked_activated_count >= 0 AND revoked_activated_count <= revoked_count",
            name=op.f("ck_subscription_plans_counts_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_catalog_uuid"],
            ["enterprise_catalogs.uuid"],
            name=op.f("fk_subscription_plans_enterprise_catalog_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_subscription_plans_enterprise_uuid"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_subscription_plans")),
    )
    with op.batch_alter_table("subscription_plans", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_subscription_plans_enterprise_catalog_uuid"),
            ["enterprise_catalog_uuid"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_subscription_plans_enterprise_uuid_start_date"),
            ["enterprise_uuid", "start_date"],
            unique=False,
        )
        batch_op.create_index(
            "ix_subscription_plans_expiring",
            ["expiration_date"],
            unique=False,
            postgresql_where=sa.text("wound_up_at IS NULL"),
            sqlite_where=sa.text("wound_up_at IS NULL"),
        )

    op.create_table(
        "licenses",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("plan_uuid", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column(
            "user_email",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("lms_user_id", sa.BigInteger(), nullable=True),
        sa.Column("user_sfid", sa.String(), nullable=True),
        sa.Column("renewed_from_uuid", sa.Uuid(), nullable=True),
        sa.Column("assigned_at", Instant(), nullable=True),
        sa.Column("activated_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("is_ending", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "(status <> 'activated' OR activated_at IS NOT NULL) AND (status NOT IN ('unassigned', 'assigned') OR activated_at IS NULL) AND (status = 'revoked') = (revoked_at IS NOT NULL)",
            name=op.f("ck_licenses_dates_fit_status"),
        ),
        sa.CheckConstraint(
            "(status = 'unassigned') = (user_email IS NULL) AND (status = 'unassigned') = (assigned_at IS NULL)",
            name=op.f("ck_licenses_learner_named"),
        ),
        sa.CheckConstraint(
            "status IN ('unassigned', 'assigned', 'activated', 'revoked')",
            name=op.f("ck_licenses_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_licenses_enterprise_uuid")
        ),
        sa.ForeignKeyConstraint(
            ["plan_uuid"], ["subscription_plans.uuid"], name=op.f("fk_licenses_plan_uuid")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_licenses")),
    )
    with op.batch_alter_table("licenses", schema=None) as batch_op:
        batch_op.create_index(
            "ix_licenses_ending",
            ["plan_uuid", "uuid"],
            unique=False,
            postgresql_where=sa.text("is_ending"),
            sqlite_where=sa.text("is_ending"),
        )
        batch_op.create_index(
            "ix_licenses_listing", ["plan_uuid", "user_email", "uuid"], unique=False
        )
        batch_op.create_index(
            "ix_licenses_of_learner",
            ["enterprise_uuid", "user_email"],
            unique=False,
            postgresql_where=sa.text("status IN ('assigned', 'activated')"),
            sqlite_where=sa.text("status IN ('assigned', 'activated')"),
        )
        batch_op.create_index(
            "ix_licenses_renewed_from",
            ["renewed_from_uuid"],
            unique=False,
            postgresql_where=sa.text("renewed_from_uuid IS NOT NULL"),
            sqlite_where=sa.text("renewed_from_uuid IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_licenses_unassigned",
            ["plan_uuid", "created_at"],
            unique=False,
            postgresql_where=sa.text("status = 'unassigned'"),
            sqlite_where=sa.text("status = 'unassigned'"),
        )
        batch_op.create_index(
            "uq_licenses_live",
            ["plan_uuid", "user_email"],
            unique=True,
            postgresql_where=sa.text("status IN ('assigned', 'activated')"),
            sqlite_where=sa.text("status IN ('assigned', 'activated')"),
        )

    op.create_table(
        "plan_renewals",
        sa.Column("plan_uuid", sa.Uuid(), nullable=False),
        sa.Column("renewed_plan_uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("effective_date", Instant(), nullable=False),
        sa.Column("renewed_expiration_date", Instant(), nullable=False),
        sa.Column("number_of_licenses", sa.BigInteger(), nullable=False),
        sa.Column("processed_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "effective_date < renewed_expiration_date",
            name=op.f("ck_plan_renewals_ends_after_it_begins"),
        ),
        sa.CheckConstraint(
            "number_of_licenses >= 0", name=op.f("ck_plan_renewals_size_not_negative")
        ),
        sa.CheckConstraint(
            "plan_uuid <> renewed_plan_uuid", name=op.f("ck_plan_renewals_not_into_itself")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_plan_renewals_enterprise_uuid")
        ),
        sa.ForeignKeyConstraint(
            ["plan_uuid"], ["subscription_plans.uuid"], name=op.f("fk_plan_renewals_plan_uuid")
        ),
        sa.PrimaryKeyConstraint("plan_uuid", name=op.f("pk_plan_renewals")),
        sa.UniqueConstraint("renewed_plan_uuid", name=op.f("uq_plan_renewals_renewed_plan_uuid")),
    )
    with op.batch_alter_table("plan_renewals", schema=None) as batch_op:
        batch_op.create_index(
            "ix_plan_renewals_due",
            ["effective_date"],
            unique=False,
            postgresql_where=sa.text("processed_at IS NULL"),
            sqlite_where=sa.text("processed_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_plan_renewals_enterprise_uuid"), ["enterprise_uuid"], unique=False
        )

    _refuse_moves("licenses", _LICENSE_MOVES)


def _refuse_moves(table: str, moves: tuple[str, ...]) -> None:
    """Every license begins as the first status named, and only goes the ways listed."""
    first = moves[0].partition(">")[0]
    listed = ", ".join(f"'{move}'" for move in moves)
    strange = f"OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN ({listed})"
    is_postgres = op.get_bind().dialect.name == "postgresql"
    if is_postgres:
        op.execute(f"""
            CREATE FUNCTION {table}_move_is_impossible() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{table}: impossible change of status'
               USING ERRCODE = 'check_violation'; END $$
        """)
    for event, condition in (("INSERT", f"NEW.status <> '{first}'"), ("UPDATE", strange)):
        when = f"CREATE TRIGGER {table}_status_on_{event.lower()} BEFORE {event} ON {table}"
        if is_postgres:
            op.execute(f"""
                {when} FOR EACH ROW WHEN ({condition})
                EXECUTE FUNCTION {table}_move_is_impossible()
            """)
        else:
            op.execute(f"""
                {when} WHEN {condition}
                BEGIN SELECT RAISE(ABORT, '{table}: impossible change of status'); END
            """)
