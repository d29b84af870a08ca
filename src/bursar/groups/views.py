"""Groups as the API shows them."""

from datetime import datetime
from uuid import UUID

import msgspec

from bursar.database.types import AnyRow
from bursar.groups.models import Group


class GroupView(msgspec.Struct, frozen=True):
    uuid: UUID
    enterprise_customer_uuid: UUID
    name: str
    member_count: int
    created: datetime
    modified: datetime


class MemberItem(msgspec.Struct, frozen=True):
    email: str
    lms_user_id: int | None
    """Null for an address that has no account, or is no learner's."""
    created: datetime
    """When the address became a member."""


class GroupChange(msgspec.Struct, frozen=True):
    """A group as it is after a change, and how many members the change has added and removed. Who
    they are is not told: they may not have consented."""

    group: GroupView
    added: int
    removed: int


def view_of_group(row: Group | AnyRow, member_count: int) -> GroupView:
    return GroupView(
        uuid=row.uuid,
        enterprise_customer_uuid=row.enterprise_uuid,
        name=row.name,
        member_count=member_count,
        created=row.created_at,
        modified=row.modified_at,
    )
