"""Direct enrollments: clients enroll learners, without a seat or money; `api` is their payer."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.columns import BIG_ID
from bursar.database.types import Instant

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_PAYERS = "payer IN ('license', 'credit', 'api', 'reported')"


def upgrade() -> None:
    _admit_payer()
    _create_table()


def _admit_payer() -> None:
    name = op.f("ck_enrollments_payer_known")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(name, "enrollments", type_="check")
        op.create_check_constraint(name, "enrollments", _PAYERS)
        return
    # SQLite copies the table, and alembic passes over indexes with a direction.
    op.drop_index("ix_enrollments_activity", "enrollments")
    with op.batch_alter_table("enrollments", schema=None) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, _PAYERS)
    op.create_index(
        "ix_enrollments_activity",
        "enrollments",
        ["enterprise_uuid", sa.text("activity_day DESC"), "id"],
    )


def _create_table() -> None:
    op.create_table(
        "direct_enrollments",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("learner_id", BIG_ID, nullable=False),
        sa.Column(
            "courserun_key",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("cohort", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("in_lms", sa.Boolean(), nullable=False),
        sa.Column("batch_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'waiting', 'done', 'failed')",
            name=op.f("ck_direct_enrollments_state_known"),
        ),
        sa.CheckConstraint(
            "mode IN ('audit', 'verified', 'professional')",
            name=op.f("ck_direct_enrollments_mode_known"),
        ),
        sa.CheckConstraint(
            "state <> 'waiting' OR is_active",
            name=op.f("ck_direct_enrollments_only_wishes_to_enroll_wait"),
        ),
        sa.CheckConstraint(
            "(state = 'failed') = (error IS NOT NULL)",
            name=op.f("ck_direct_enrollments_failure_explained"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_direct_enrollments_enterprise_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_direct_enrollments_learner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_direct_enrollments")),
    )
    _create_indexes()


def _create_indexes() -> None:
    for columns, unique in (
        (["enterprise_uuid", "learner_id", "courserun_key"], True),
        (["uuid"], True),
        (["learner_id"], False),
    ):
        name = op.f(f"ix_direct_enrollments_{'_'.join(columns)}")
        op.create_index(name, "direct_enrollments", columns, unique=unique)
    for state, partial in (("queued", ["batch_uuid", "id"]), ("waiting", ["learner_id"])):
        condition = sa.text(f"state = '{state}'")
        op.create_index(
            f"ix_direct_enrollments_{state}",
            "direct_enrollments",
            partial,
            postgresql_where=condition,
            sqlite_where=condition,
        )
