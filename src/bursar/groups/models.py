from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bursar.database.base import Base
from bursar.database.columns import SORTABLE
from bursar.identity.models import Enterprise


class Group(Base):
    """Learners of an enterprise who may have something together."""

    __tablename__ = "learner_groups"
    __table_args__ = (
        UniqueConstraint("uuid", "enterprise_uuid"),
        Index(None, "enterprise_uuid", "created_at"),
        CheckConstraint("deleted_at IS NOT NULL OR name <> ''", name="has_a_name"),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID] = mapped_column(ForeignKey(Enterprise.uuid))
    name: Mapped[str]
    """Empty once the group is deleted."""
    external_id: Mapped[str | None]
    """What an identity provider calls it."""
    created_at: Mapped[datetime]
    modified_at: Mapped[datetime]
    """When its name or its members last changed."""
    deleted_at: Mapped[datetime | None]
    """The row of a deleted group stays for a day, so that a deletion can be repeated."""


class GroupMember(Base):
    """A member is an address: whether it is a learner's or not, now or later."""

    __tablename__ = "group_members"
    __table_args__ = (
        ForeignKeyConstraint(
            ["group_uuid", "enterprise_uuid"], [Group.uuid, Group.enterprise_uuid]
        ),
        Index(None, "enterprise_uuid", "email"),
        CheckConstraint("email <> ''", name="has_an_address"),
    )

    group_uuid: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(SORTABLE, primary_key=True)
    """In the form of emails.normalised."""
    enterprise_uuid: Mapped[UUID]
    created_at: Mapped[datetime]


class GroupOfPolicy(Base):
    """A budget that is for this group, and for others that it has a row with, only."""

    __tablename__ = "policy_groups"
    __table_args__ = (
        ForeignKeyConstraint(
            ["group_uuid", "enterprise_uuid"], [Group.uuid, Group.enterprise_uuid]
        ),
        Index(None, "group_uuid"),
    )

    # By name, because budgets stand above groups.
    policy_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("subsidy_access_policies.uuid"), primary_key=True
    )
    group_uuid: Mapped[UUID] = mapped_column(primary_key=True)
    enterprise_uuid: Mapped[UUID]
