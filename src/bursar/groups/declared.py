"""Groups as manifests declare them."""

from datetime import datetime

from msgspec import UNSET
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.declarations import DeclarationOutcome, DeclarationRefused
from bursar.events.event import Changes
from bursar.groups.commands import DeclaredGroup
from bursar.groups.members import bring_members_to
from bursar.groups.models import Group
from bursar.groups.refusals import GroupOfAnotherEnterprise
from bursar.groups.writing import add_group, add_members, make_room, tell


def put_group(
    session: Session, actor: Actor, declared: DeclaredGroup, *, at: datetime
) -> DeclarationOutcome:
    """Creates the group, or changes it.

    Raises DeclarationRefused for a new one without a name, TooManyGroups, UnknownEnterprise and
    GroupOfAnotherEnterprise.
    """
    row = session.scalars(
        select(Group)
        .where(Group.uuid == declared.uuid)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is not None and row.enterprise_uuid != declared.enterprise_uuid:
        raise GroupOfAnotherEnterprise
    if row is None or row.deleted_at is not None:
        _create(session, actor, declared, at, is_first=row is None)
        return "created"
    return _change(session, actor, row, declared, at)


def _create(
    session: Session, actor: Actor, declared: DeclaredGroup, at: datetime, *, is_first: bool
) -> None:
    if not declared.name:
        raise DeclarationRefused([("name", "required")])
    make_room(session, declared.enterprise_uuid, at)
    # It may have been deleted, and the manifest says that it shall be there.
    session.execute(delete(Group).where(Group.uuid == declared.uuid))
    row = add_group(session, declared.uuid, declared.enterprise_uuid, declared.name, at)
    members = () if declared.members is UNSET else declared.members
    added = add_members(session, row, members, at)
    changes: Changes = {"name": (None, row.name)}
    tell(session, actor, row, at=at, changes=changes, added=added, is_first=is_first)


def _change(
    session: Session, actor: Actor, row: Group, declared: DeclaredGroup, at: datetime
) -> DeclarationOutcome:
    changes: dict[str, tuple[str, str]] = {}
    if declared.name is not UNSET and declared.name != row.name:
        changes["name"] = (row.name, declared.name)
        row.name = declared.name
    added = removed = 0
    if declared.members is not UNSET:
        added, removed = bring_members_to(session, row, declared.members, at)
    if not (changes or added or removed):
        return "unchanged"
    row.modified_at = at
    session.flush()
    tell(session, actor, row, at=at, changes=changes, added=added, removed=removed)
    return "changed"
