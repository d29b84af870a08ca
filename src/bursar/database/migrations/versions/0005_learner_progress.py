"""Progress of enrollments, its totals by day, imports of it, and what reports say of runs."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _rename_columns()
    _add_columns()
    _fill_columns()
    _close_columns()
    _count_days()
    op.create_table(
        "enrollment_imports",
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_enrollment_imports_enterprise_uuid"),
        ),
        sa.PrimaryKeyConstraint(
            "enterprise_uuid",
            "source",
            "size",
            "modified_ns",
            name=op.f("pk_enrollment_imports"),
        ),
    )
    _create_run_facts()


def _sortable() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _rename_columns() -> None:
    with op.batch_alter_table("enrollments", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_enrollments_payment_named"), type_="check")
        batch_op.drop_constraint(op.f("ck_enrollments_paid_by_known"), type_="check")
        batch_op.alter_column("paid_by", new_column_name="payer", existing_type=sa.String())
        batch_op.alter_column("modified_at", new_column_name="changed_at")
        batch_op.alter_column(
            "mode", type_=_sortable(), existing_type=sa.String(), existing_nullable=False
        )
        batch_op.alter_column("enrolled_at", nullable=True)


def _add_columns() -> None:
    columns: dict[str, sa.types.TypeEngine[Any]] = {
        "is_consented": sa.Boolean(),
        "activity_day": sa.Integer(),
        "is_consent_granted": sa.Boolean(),
        "amount_learner_paid": sa.Double(),
        "contract_id": _sortable(),
        "coupon_code": _sortable(),
        "coupon_name": _sortable(),
        "course_duration": sa.BigInteger(),
        "course_end": sa.Date(),
        "course_key": _sortable(),
        "course_list_price": sa.Double(),
        "course_max_effort": sa.BigInteger(),
        "course_min_effort": sa.BigInteger(),
        "course_pacing_type": _sortable(),
        "course_primary_program": _sortable(),
        "course_primary_subject": _sortable(),
        "course_start": sa.Date(),
        "course_title": _sortable(),
        "current_grade": sa.Double(),
        "has_passed": sa.Boolean(),
        "is_refunded": sa.Boolean(),
        "last_activity_date": sa.Date(),
        "letter_grade": _sortable(),
        "offer_name": _sortable(),
        "offer_type": _sortable(),
        "paid_by": _sortable(),
        "passed_date": sa.Date(),
        "seat_delivery_method": _sortable(),
    }
    for name, kind in columns.items():
        op.add_column("enrollments", sa.Column(name, kind, nullable=True))


def _fill_columns() -> None:
    op.execute("""
        UPDATE enrollments SET activity_day = 0, is_consented =
            (SELECT consent FROM learners WHERE learners.id = enrollments.learner_id)
    """)


def _close_columns() -> None:
    with op.batch_alter_table("enrollments", schema=None) as batch_op:
        batch_op.alter_column("is_consented", existing_type=sa.Boolean(), nullable=False)
        batch_op.alter_column("activity_day", existing_type=sa.Integer(), nullable=False)
        batch_op.create_check_constraint(
            op.f("ck_enrollments_payer_known"), "payer IN ('license', 'credit', 'reported')"
        )
        batch_op.create_check_constraint(
            op.f("ck_enrollments_payment_named"),
            "(payer = 'license') = (license_uuid IS NOT NULL)"
            " AND (payer = 'credit') = (transaction_uuid IS NOT NULL)",
        )
        batch_op.create_check_constraint(
            op.f("ck_enrollments_beginning_known"), "payer = 'reported' OR enrolled_at IS NOT NULL"
        )
        batch_op.create_check_constraint(
            op.f("ck_enrollments_activity_shared"), "is_consented OR activity_day = 0"
        )
    # By hand: alembic passes over indexes with a direction.
    op.create_index(
        "ix_enrollments_activity",
        "enrollments",
        ["enterprise_uuid", sa.text("activity_day DESC"), "id"],
    )


def _count_days() -> None:
    op.create_table(
        "enrollment_days",
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("activity_day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("row_count >= 0", name=op.f("ck_enrollment_days_row_count_possible")),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_enrollment_days_enterprise_uuid"),
        ),
        sa.PrimaryKeyConstraint("enterprise_uuid", "activity_day", name=op.f("pk_enrollment_days")),
    )
    op.execute("""
        INSERT INTO enrollment_days (enterprise_uuid, activity_day, row_count)
        SELECT enterprise_uuid, activity_day, count(*) FROM enrollments
        GROUP BY enterprise_uuid, activity_day
    """)


def _create_run_facts() -> None:
    op.create_table(
        "run_facts",
        sa.Column("run_key", _sortable(), nullable=False),
        sa.Column("course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("course_key", _sortable(), nullable=True),
        sa.Column("course_title", _sortable(), nullable=True),
        sa.Column("primary_subject", _sortable(), nullable=True),
        sa.Column("primary_program", _sortable(), nullable=True),
        sa.Column("weeks_to_complete", sa.BigInteger(), nullable=True),
        sa.Column("min_effort", sa.BigInteger(), nullable=True),
        sa.Column("max_effort", sa.BigInteger(), nullable=True),
        sa.Column("pacing_type", _sortable(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("list_price", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["course_id"], ["content_items.id"], name=op.f("fk_run_facts_course_id")
        ),
        sa.PrimaryKeyConstraint("run_key", name=op.f("pk_run_facts")),
    )
    with op.batch_alter_table("run_facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_facts_course_id"), ["course_id"], unique=False)
