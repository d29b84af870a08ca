"""Groups of learners, and policies that only their members may spend."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bursar.database.types import Instant

revision: str = "0048"
down_revision: str | None = "0047"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SORTABLE = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column(
        "subsidy_access_policies",
        sa.Column("is_for_groups", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "learner_groups",
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("modified_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "deleted_at IS NOT NULL OR name <> ''", name=op.f("ck_learner_groups_has_a_name")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_uuid"],
            ["enterprises.uuid"],
            name=op.f("fk_learner_groups_enterprise_uuid"),
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_learner_groups")),
        sa.UniqueConstraint(
            "uuid", "enterprise_uuid", name=op.f("uq_learner_groups_uuid_enterprise_uuid")
        ),
    )
    op.create_index(
        op.f("ix_learner_groups_enterprise_uuid_created_at"),
        "learner_groups",
        ["enterprise_uuid", "created_at"],
    )
    op.create_table(
        "group_members",
        sa.Column("group_uuid", sa.Uuid(), nullable=False),
        sa.Column("email", _SORTABLE, nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.CheckConstraint("email <> ''", name=op.f("ck_group_members_has_an_address")),
        sa.ForeignKeyConstraint(
            ["group_uuid", "enterprise_uuid"],
            ["learner_groups.uuid", "learner_groups.enterprise_uuid"],
            name=op.f("fk_group_members_group_uuid_enterprise_uuid"),
        ),
        sa.PrimaryKeyConstraint("group_uuid", "email", name=op.f("pk_group_members")),
    )
    op.create_index(
        op.f("ix_group_members_enterprise_uuid_email"),
        "group_members",
        ["enterprise_uuid", "email"],
    )
    op.create_table(
        "policy_groups",
        sa.Column("policy_uuid", sa.Uuid(), nullable=False),
        sa.Column("group_uuid", sa.Uuid(), nullable=False),
        sa.Column("enterprise_uuid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_uuid", "enterprise_uuid"],
            ["learner_groups.uuid", "learner_groups.enterprise_uuid"],
            name=op.f("fk_policy_groups_group_uuid_enterprise_uuid"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_uuid"],
            ["subsidy_access_policies.uuid"],
            name=op.f("fk_policy_groups_policy_uuid"),
        ),
        sa.PrimaryKeyConstraint("policy_uuid", "group_uuid", name=op.f("pk_policy_groups")),
    )
    op.create_index(op.f("ix_policy_groups_group_uuid"), "policy_groups", ["group_uuid"])
