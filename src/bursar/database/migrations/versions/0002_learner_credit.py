"""Learners, enrollments, mails, and learner credit: subsidies, policies, assignments."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant, Json

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ASSIGNMENT_MOVES = (
    "allocated>accepted",
    "allocated>cancelled",
    "allocated>expired",
    "allocated>errored",
    "errored>cancelled",
    "accepted>reversed",
    "cancelled>allocated",
    "errored>allocated",
    "expired>allocated",
    "reversed>allocated",
)
_TRANSACTION_MOVES = ("created>committed", "created>failed", "committed>reversed")


def upgrade() -> None:
    op.create_table(
        "learners",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column(
            "email",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("lms_user_id", sa.BigInteger(), nullable=True),
        sa.Column("username", sa.String(), nullable=True),
        sa.Column("sso_uid", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("consent", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_learners_enterprise_uuid")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learners")),
    )
    with op.batch_alter_table("learners", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_learners_enterprise_uuid_email"),
            ["enterprise_uuid", "email"],
            unique=True,
        )
        batch_op.create_index(
            batch_op.f("ix_learners_enterprise_uuid_lms_user_id"),
            ["enterprise_uuid", "lms_user_id"],
            unique=False,
        )

    op.create_table(
        "mails",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
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
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'dropped', 'failed')",
            name=op.f("ck_mails_status_known"),
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_mails_attempts_not_negative")),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_mails_enterprise_uuid")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
    )
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.create_index(
            "ix_mails_due",
            ["next_attempt_at", "id"],
            unique=False,
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )
        batch_op.create_index(
            batch_op.f("ix_mails_enterprise_uuid_created_at"),
            ["enterprise_uuid", "created_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_mails_subject_uuid"), ["subject_uuid"], unique=False)
        batch_op.create_index(batch_op.f("ix_mails_uuid"), ["uuid"], unique=True)

    op.create_table(
        "subsidies",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("active_datetime", Instant(), nullable=False),
        sa.Column("expiration_datetime", Instant(), nullable=False),
        sa.Column("balance_cents", sa.BigInteger(), nullable=False),
        sa.Column("allocated_cents", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "active_datetime < expiration_datetime", name=op.f("ck_subsidies_ends_after_it_begins")
        ),
        sa.CheckConstraint(
            "allocated_cents >= 0 AND allocated_cents <= balance_cents",
            name=op.f("ck_subsidies_never_overspent"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_subsidies_enterprise_uuid")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_subsidies")),
    )
    with op.batch_alter_table("subsidies", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_subsidies_enterprise_uuid_created_at"),
            ["enterprise_uuid", "created_at"],
            unique=False,
        )

    op.create_table(
        "enrollments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column(
            "learner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "courserun_key",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("paid_by", sa.String(), nullable=False),
        sa.Column("license_uuid", sa.Uuid(), nullable=True),
        sa.Column("transaction_uuid", sa.Uuid(), nullable=True),
        sa.Column("enrolled_at", Instant(), nullable=False),
        sa.Column("unenrolled_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "(paid_by = 'license') = (license_uuid IS NOT NULL) AND (paid_by = 'credit') = (transaction_uuid IS NOT NULL)",
            name=op.f("ck_enrollments_payment_named"),
        ),
        sa.CheckConstraint(
            "paid_by IN ('license', 'credit')", name=op.f("ck_enrollments_paid_by_known")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_enrollments_enterprise_uuid")
        ),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_enrollments_learner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollments")),
    )
    with op.batch_alter_table("enrollments", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_enrollments_enterprise_uuid_learner_id_courserun_key"),
            ["enterprise_uuid", "learner_id", "courserun_key"],
            unique=True,
        )
        batch_op.create_index(batch_op.f("ix_enrollments_learner_id"), ["learner_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_enrollments_license_uuid"), ["license_uuid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_enrollments_transaction_uuid"), ["transaction_uuid"], unique=False
        )

    op.create_table(
        "subsidy_access_policies",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("policy_type", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("catalog_uuid", sa.Uuid(), nullable=False),
        sa.Column("subsidy_uuid", sa.Uuid(), nullable=False),
        sa.Column("spend_limit", sa.BigInteger(), nullable=True),
        sa.Column("per_learner_enrollment_limit", sa.BigInteger(), nullable=True),
        sa.Column("per_learner_spend_limit", sa.BigInteger(), nullable=True),
        sa.Column("late_redemption_allowed_until", Instant(), nullable=True),
        sa.Column("redeemed_cents", sa.BigInteger(), nullable=False),
        sa.Column("allocated_cents", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "policy_type IN ('AssignedLearnerCreditAccessPolicy', 'PerLearnerSpendCreditAccessPolicy', 'PerLearnerEnrollmentCreditAccessPolicy')",
            name=op.f("ck_subsidy_access_policies_policy_type_known"),
        ),
        sa.CheckConstraint(
            "redeemed_cents >= 0 AND allocated_cents >= 0",
            name=op.f("ck_subsidy_access_policies_totals_not_negative"),
        ),
        sa.CheckConstraint(
            "spend_limit >= 0 AND per_learner_spend_limit >= 0 AND per_learner_enrollment_limit >= 0",
            name=op.f("ck_subsidy_access_policies_limits_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["catalog_uuid"],
            ["enterprise_catalogs.uuid"],
            name=op.f("fk_subsidy_access_policies_catalog_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_subsidy_access_policies_enterprise_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["subsidy_uuid"],
            ["subsidies.uuid"],
            name=op.f("fk_subsidy_access_policies_subsidy_uuid"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_subsidy_access_policies")),
    )
    with op.batch_alter_table("subsidy_access_policies", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_subsidy_access_policies_catalog_uuid"), ["catalog_uuid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_subsidy_access_policies_enterprise_uuid_created_at_uuid"),
            ["enterprise_uuid", "created_at", "uuid"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_subsidy_access_policies_subsidy_uuid"), ["subsidy_uuid"], unique=False
        )

    op.create_table(
        "assignment_configurations",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("policy_uuid", sa.Uuid(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("notifying_count", sa.BigInteger(), nullable=False),
        sa.Column("waiting_count", sa.BigInteger(), nullable=False),
        sa.Column("failed_count", sa.BigInteger(), nullable=False),
        sa.Column("accepted_count", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_count", sa.BigInteger(), nullable=False),
        sa.Column("errored_count", sa.BigInteger(), nullable=False),
        sa.Column("expired_count", sa.BigInteger(), nullable=False),
        sa.Column("reversed_count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "notifying_count >= 0 AND waiting_count >= 0 AND failed_count >= 0 AND accepted_count >= 0 AND cancelled_count >= 0 AND errored_count >= 0 AND expired_count >= 0 AND reversed_count >= 0",
            name=op.f("ck_assignment_configurations_counts_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_assignment_configurations_enterprise_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_uuid"],
            ["subsidy_access_policies.uuid"],
            name=op.f("fk_assignment_configurations_policy_uuid"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_assignment_configurations")),
        sa.UniqueConstraint("policy_uuid", name=op.f("uq_assignment_configurations_policy_uuid")),
    )
    op.create_table(
        "subsidy_transactions",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("subsidy_uuid", sa.Uuid(), nullable=False),
        sa.Column("policy_uuid", sa.Uuid(), nullable=False),
        sa.Column("assignment_uuid", sa.Uuid(), nullable=True),
        sa.Column(
            "learner_email",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("lms_user_id", sa.BigInteger(), nullable=True),
        sa.Column("content_key", sa.String(), nullable=False),
        sa.Column("courserun_key", sa.String(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "state IN ('created', 'committed', 'failed', 'reversed')",
            name=op.f("ck_subsidy_transactions_state_known"),
        ),
        sa.CheckConstraint(
            "quantity <= 0", name=op.f("ck_subsidy_transactions_quantity_not_positive")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_subsidy_transactions_enterprise_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_uuid"],
            ["subsidy_access_policies.uuid"],
            name=op.f("fk_subsidy_transactions_policy_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["subsidy_uuid"], ["subsidies.uuid"], name=op.f("fk_subsidy_transactions_subsidy_uuid")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_subsidy_transactions")),
    )
    with op.batch_alter_table("subsidy_transactions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_subsidy_transactions_enterprise_uuid"), ["enterprise_uuid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_subsidy_transactions_policy_uuid_learner_email"),
            ["policy_uuid", "learner_email"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_subsidy_transactions_policy_uuid_lms_user_id"),
            ["policy_uuid", "lms_user_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_subsidy_transactions_subsidy_uuid"), ["subsidy_uuid"], unique=False
        )
        batch_op.create_index(
            "ix_subsidy_transactions_under_way",
            ["created_at"],
            unique=False,
            postgresql_where=sa.text("state = 'created'"),
            sqlite_where=sa.text("state = 'created'"),
        )
        batch_op.create_index(
            "uq_subsidy_transactions_assignment_uuid",
            ["assignment_uuid"],
            unique=True,
            postgresql_where=sa.text("state IN ('created', 'committed')"),
            sqlite_where=sa.text("state IN ('created', 'committed')"),
        )

    op.create_table(
        "assignments",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("configuration_uuid", sa.Uuid(), nullable=False),
        sa.Column(
            "learner_email",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("lms_user_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "content_key",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("content_title", sa.String(), nullable=False),
        sa.Column("content_quantity", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("transaction_uuid", sa.Uuid(), nullable=True),
        sa.Column("allocated_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("expiry_reason", sa.String(), nullable=False),
        sa.Column("recent_action_type", sa.String(), nullable=False),
        sa.Column("recent_action_at", Instant(), nullable=False),
        sa.Column("learner_state", sa.String(), nullable=True),
        sa.Column("learner_state_sort_order", sa.Integer(), nullable=False),
        sa.Column("scrubbed_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "(state NOT IN ('accepted', 'reversed') OR transaction_uuid IS NOT NULL) AND (state NOT IN ('cancelled', 'errored', 'expired') OR transaction_uuid IS NULL)",
            name=op.f("ck_assignments_transaction_fits_state"),
        ),
        sa.CheckConstraint(
            "expiry_reason IN ('NINETY_DAYS_PASSED', 'ENROLLMENT_DATE_PASSED', 'SUBSIDY_EXPIRED')",
            name=op.f("ck_assignments_expiry_reason_known"),
        ),
        sa.CheckConstraint(
            "learner_state IN ('notifying', 'waiting', 'failed', 'expired')",
            name=op.f("ck_assignments_learner_state_known"),
        ),
        sa.CheckConstraint(
            "recent_action_type IN ('assigned', 'reminded')",
            name=op.f("ck_assignments_recent_action_known"),
        ),
        sa.CheckConstraint(
            "state IN ('allocated', 'accepted', 'cancelled', 'errored', 'expired', 'reversed')",
            name=op.f("ck_assignments_state_known"),
        ),
        sa.CheckConstraint(
            "content_quantity <= 0", name=op.f("ck_assignments_quantity_not_positive")
        ),
        sa.ForeignKeyConstraint(
            ["configuration_uuid"],
            ["assignment_configurations.uuid"],
            name=op.f("fk_assignments_configuration_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"], ["enterprises.uuid"], name=op.f("fk_assignments_enterprise_uuid")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_uuid"],
            ["subsidy_transactions.uuid"],
            name=op.f("fk_assignments_transaction_uuid"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_assignments")),
    )
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        batch_op.create_index(
            "ix_assignments_content", ["configuration_uuid", "content_key"], unique=False
        )
        batch_op.create_index(
            "ix_assignments_enterprise_email", ["enterprise_uuid", "learner_email"], unique=False
        )
        batch_op.create_index(
            "ix_assignments_expiring",
            ["expires_at"],
            unique=False,
            postgresql_where=sa.text("state = 'allocated'"),
            sqlite_where=sa.text("state = 'allocated'"),
        )
        batch_op.create_index(
            "ix_assignments_learner_state",
            ["configuration_uuid", "learner_state_sort_order", "uuid"],
            unique=False,
        )
        batch_op.create_index(
            "ix_assignments_lms_user", ["configuration_uuid", "lms_user_id"], unique=False
        )
        batch_op.create_index(
            "ix_assignments_quantity",
            ["configuration_uuid", "content_quantity", "uuid"],
            unique=False,
        )
        batch_op.create_index(
            "ix_assignments_to_scrub",
            ["allocated_at"],
            unique=False,
            postgresql_where=sa.text("state IN ('cancelled', 'expired') AND scrubbed_at IS NULL"),
            sqlite_where=sa.text("state IN ('cancelled', 'expired') AND scrubbed_at IS NULL"),
        )
        batch_op.create_index(
            "uq_assignments_learner_content",
            ["configuration_uuid", "learner_email", "content_key"],
            unique=True,
        )

    op.create_table(
        "ledger_entries",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("subsidy_uuid", sa.Uuid(), nullable=False),
        sa.Column("policy_uuid", sa.Uuid(), nullable=True),
        sa.Column("transaction_uuid", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("effective_at", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'deposit') = (transaction_uuid IS NULL) AND (transaction_uuid IS NULL) = (policy_uuid IS NULL)",
            name=op.f("ck_ledger_entries_origin_named"),
        ),
        sa.CheckConstraint(
            "(kind = 'redemption' AND amount_cents <= 0) OR (kind IN ('deposit', 'reversal') AND amount_cents >= 0)",
            name=op.f("ck_ledger_entries_sign_fits_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_ledger_entries_enterprise_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_uuid"],
            ["subsidy_access_policies.uuid"],
            name=op.f("fk_ledger_entries_policy_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["subsidy_uuid"], ["subsidies.uuid"], name=op.f("fk_ledger_entries_subsidy_uuid")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_uuid"],
            ["subsidy_transactions.uuid"],
            name=op.f("fk_ledger_entries_transaction_uuid"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_ledger_entries")),
    )
    with op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ledger_entries_enterprise_uuid"), ["enterprise_uuid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_ledger_entries_policy_uuid"), ["policy_uuid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_ledger_entries_subsidy_uuid_created_at"),
            ["subsidy_uuid", "created_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_ledger_entries_transaction_uuid_kind"),
            ["transaction_uuid", "kind"],
            unique=True,
        )

    op.create_table(
        "assignment_actions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("assignment_uuid", sa.Uuid(), nullable=False),
        sa.Column("action_type", sa.String(), nullable=False),
        sa.Column("mail_uuid", sa.Uuid(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.Column("completed_at", Instant(), nullable=True),
        sa.Column("error_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "action_type IN ('learner_linked', 'notified', 'reminded', 'redeemed', 'cancelled', 'expired', 'reversed')",
            name=op.f("ck_assignment_actions_action_type_known"),
        ),
        sa.CheckConstraint(
            "error_reason IN ('email_error', 'internal_api_error', 'enrollment_error')",
            name=op.f("ck_assignment_actions_error_reason_known"),
        ),
        sa.ForeignKeyConstraint(
            ["assignment_uuid"],
            ["assignments.uuid"],
            name=op.f("fk_assignment_actions_assignment_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_assignment_actions_enterprise_uuid"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_actions")),
    )
    with op.batch_alter_table("assignment_actions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_assignment_actions_assignment_uuid_id"),
            ["assignment_uuid", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_assignment_actions_enterprise_uuid"), ["enterprise_uuid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_assignment_actions_mail_uuid"), ["mail_uuid"], unique=True
        )

    # By hand: alembic passes over indexes with a direction.
    op.create_index(
        "ix_assignments_recent",
        "assignments",
        ["configuration_uuid", sa.text("recent_action_at DESC"), "uuid"],
    )
    _append_only("ledger_entries")
    _refuse_moves("assignments", _ASSIGNMENT_MOVES)
    _refuse_moves("subsidy_transactions", _TRANSACTION_MOVES)


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"""
            CREATE FUNCTION {table}_are_final() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$
        """)
        for name, event, each in (
            ("change", "UPDATE OR DELETE", "ROW"),
            ("truncate", "TRUNCATE", "STATEMENT"),
        ):
            op.execute(f"""
                CREATE TRIGGER {table}_no_{name} BEFORE {event} ON {table}
                FOR EACH {each} EXECUTE FUNCTION {table}_are_final()
            """)
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(f"""
            CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table}
            BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
        """)


def _refuse_moves(table: str, moves: tuple[str, ...]) -> None:
    """Every state begins as the first one named, and only goes the ways listed."""
    first = moves[0].partition(">")[0]
    listed = ", ".join(f"'{move}'" for move in moves)
    strange = f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({listed})"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"""
            CREATE FUNCTION {table}_move_is_impossible() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{table}: impossible change of state'
               USING ERRCODE = 'check_violation'; END $$
        """)
        for event, condition in (("INSERT", f"NEW.state <> '{first}'"), ("UPDATE", strange)):
            op.execute(f"""
                CREATE TRIGGER {table}_state_on_{event.lower()} BEFORE {event} ON {table}
                FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {table}_move_is_impossible()
            """)
        return
    for event, condition in (("INSERT", f"NEW.state <> '{first}'"), ("UPDATE", strange)):
        op.execute(f"""
            CREATE TRIGGER {table}_state_on_{event.lower()} BEFORE {event} ON {table}
            WHEN {condition}
            BEGIN SELECT RAISE(ABORT, '{table}: impossible change of state'); END
        """)
