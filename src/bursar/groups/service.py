"""The front door: groups, who is in them, and which budgets are for them. What changes them expects
the caller's transaction."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.groups.commands import (
    ChangeMembers,
    DeclaredGroup,
    GroupRecord,
    KnownGroup,
    MembershipChange,
)
from bursar.groups.declared import put_group
from bursar.groups.events import GroupDeleted
from bursar.groups.files import NoAddresses, addresses_of_csv, members_as_csv
from bursar.groups.members import change_members, replace_members
from bursar.groups.models import GroupMember
from bursar.groups.policies import (
    groups_of_policies,
    lock_groups,
    lock_groups_of_policy,
    members_among,
    policies_for_members,
    policies_of_group,
    policies_of_groups,
    set_groups_of_policy,
)
from bursar.groups.queries import (
    addresses_of_several,
    addresses_selected,
    count_groups,
    export_groups,
    find_group,
    find_groups,
    members_known,
    owners_of_groups,
    page_of_groups,
    page_of_members,
)
from bursar.groups.refusals import (
    GroupIsUsed,
    GroupOfAnotherEnterprise,
    GroupRefused,
    TooManyGroups,
    UnknownGroup,
)
from bursar.groups.views import GroupView, MemberItem
from bursar.groups.writing import MOST_GROUPS, add_group, locked, make_room, tell

__all__ = [
    "MOST_GROUPS",
    "ChangeMembers",
    "DeclaredGroup",
    "GroupIsUsed",
    "GroupOfAnotherEnterprise",
    "GroupRecord",
    "GroupRefused",
    "GroupView",
    "KnownGroup",
    "MemberItem",
    "MembershipChange",
    "NoAddresses",
    "TooManyGroups",
    "UnknownGroup",
    "addresses_of_csv",
    "addresses_of_several",
    "addresses_selected",
    "change_members",
    "count_groups",
    "create_group",
    "delete_group",
    "export_groups",
    "find_group",
    "find_groups",
    "groups_of_policies",
    "lock_group",
    "lock_groups",
    "lock_groups_of_policy",
    "members_among",
    "members_as_csv",
    "members_known",
    "name_outside",
    "owners_of_groups",
    "page_of_groups",
    "page_of_members",
    "policies_for_members",
    "policies_of_groups",
    "put_group",
    "rename_group",
    "replace_members",
    "set_groups_of_policy",
]


def create_group(
    session: Session, actor: Actor, enterprise_uuid: UUID, name: str, *, at: datetime
) -> GroupView:
    """Without members. Raises TooManyGroups and UnknownEnterprise."""
    make_room(session, enterprise_uuid, at)
    row = add_group(session, uuid4(), enterprise_uuid, name, at)
    return tell(session, actor, row, at=at, changes={"name": (None, name)}, is_first=True)


def rename_group(
    session: Session, actor: Actor, uuid: UUID, name: str, *, at: datetime
) -> GroupView:
    """Raises UnknownGroup."""
    row = locked(session, uuid)
    if name == row.name:
        return find_group(session.connection(), uuid)
    changes = {"name": (row.name, name)}
    row.name, row.modified_at = name, at
    session.flush()
    return tell(session, actor, row, at=at, changes=changes)


def name_outside(session: Session, uuid: UUID, external_id: str | None, *, at: datetime) -> None:
    """What an identity provider calls the group. Nobody is told. Raises UnknownGroup."""
    row = locked(session, uuid)
    if row.external_id != external_id:
        row.external_id, row.modified_at = external_id, at
        session.flush()


def lock_group(session: Session, uuid: UUID) -> None:
    """Nobody else changes it until the transaction ends. Raises UnknownGroup."""
    locked(session, uuid)


def delete_group(session: Session, actor: Actor, uuid: UUID, *, at: datetime) -> None:
    """Doing it twice changes nothing. Raises GroupIsUsed while a budget is for the group."""
    try:
        row = locked(session, uuid)
    except UnknownGroup:
        return
    if policies := policies_of_group(session.connection(), uuid):
        raise GroupIsUsed(policies)
    mine = GroupMember.__table__.c.group_uuid == uuid
    session.execute(delete(GroupMember).where(mine))
    changes = {"name": (row.name, None)}
    row.name, row.deleted_at, row.modified_at = "", at, at
    session.flush()
    tell(session, actor, row, at=at, changes=changes, kind=GroupDeleted)
