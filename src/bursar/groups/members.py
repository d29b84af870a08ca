"""Who is in a group: changed in a constant number of statements for each ten thousand."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.emails import normalised
from bursar.groups.commands import ChangeMembers, MembershipChange
from bursar.groups.models import Group
from bursar.groups.queries import addresses_of, find_group
from bursar.groups.views import GroupView
from bursar.groups.writing import add_members, locked, remove_members, tell


def change_members(
    session: Session, actor: Actor, uuid: UUID, command: ChangeMembers, *, at: datetime
) -> MembershipChange:
    """Raises UnknownGroup."""
    row = locked(session, uuid)
    add = {normalised(email) for email in command.add}
    remove = {normalised(email) for email in command.remove}
    added = add_members(session, row, list(add), at)
    removed = remove_members(session, row, list(remove))
    unchanged = len(add) + len(remove) - added - removed
    return MembershipChange(
        _told(session, actor, row, added, removed, at=at), added, removed, unchanged
    )


def replace_members(
    session: Session, actor: Actor, uuid: UUID, emails: Sequence[str], *, at: datetime
) -> MembershipChange:
    """Afterwards these are the members, and nobody else. Raises UnknownGroup."""
    row = locked(session, uuid)
    added, removed = bring_members_to(session, row, emails, at)
    return MembershipChange(_told(session, actor, row, added, removed, at=at), added, removed, 0)


def bring_members_to(
    session: Session, row: Group, emails: Sequence[str], at: datetime
) -> tuple[int, int]:
    """How many members were added and removed. The caller has locked the group, and tells."""
    wanted = {normalised(email) for email in emails}
    stored = set(addresses_of(session.connection(), row.uuid))
    added = add_members(session, row, list(wanted - stored), at)
    return added, remove_members(session, row, list(stored - wanted))


def _told(
    session: Session, actor: Actor, row: Group, added: int, removed: int, *, at: datetime
) -> GroupView:
    if not (added or removed):
        return find_group(session.connection(), row.uuid)
    row.modified_at = at
    session.flush()
    return tell(session, actor, row, at=at, changes={}, added=added, removed=removed)
