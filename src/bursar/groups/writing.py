"""What the use cases share: locks, rows of members, and events about groups."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.batches import batched
from bursar.database.bulk import insert_missing, is_any_of
from bursar.events.event import Changes
from bursar.events.service import publish
from bursar.groups.events import GroupChanged, GroupEvent
from bursar.groups.models import Group, GroupMember
from bursar.groups.queries import count_members
from bursar.groups.refusals import TooManyGroups, UnknownGroup
from bursar.groups.views import GroupChange, GroupView, view_of_group
from bursar.identity.service import lock_enterprise

MOST_GROUPS: Final = 10_000
"""Of one enterprise."""
BATCH: Final = 10_000
"""Addresses of one statement: SQLite takes some thirty thousand parameters."""
_DELETED_KEPT: Final = timedelta(days=1)

_group, _member = Group.__table__.c, GroupMember.__table__.c


def make_room(session: Session, enterprise_uuid: UUID, at: datetime) -> None:
    """Raises TooManyGroups and UnknownEnterprise."""
    # Of several creations at once, each counts what the others made.
    lock_enterprise(session, enterprise_uuid)
    mine = _group.enterprise_uuid == enterprise_uuid
    session.execute(delete(Group).where(mine, _group.deleted_at < at - _DELETED_KEPT))
    live = select(func.count()).where(mine, _group.deleted_at.is_(None))
    if session.execute(live).scalar_one() >= MOST_GROUPS:
        raise TooManyGroups(MOST_GROUPS)


def locked(session: Session, uuid: UUID) -> Group:
    """Until the transaction ends, nobody else changes the group, and no budget that is for it is
    spent. Raises UnknownGroup, also for one that is deleted."""
    found = session.scalars(
        select(Group)
        .where(_group.uuid == uuid, _group.deleted_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise UnknownGroup(uuid)
    return found


def add_group(
    session: Session, uuid: UUID, enterprise_uuid: UUID, name: str, at: datetime
) -> Group:
    row = Group(
        uuid=uuid,
        enterprise_uuid=enterprise_uuid,
        name=name,
        created_at=at,
        modified_at=at,
        deleted_at=None,
        external_id=None,
    )
    session.add(row)
    session.flush()
    return row


def add_members(session: Session, group: Group, emails: Sequence[str], at: datetime) -> int:
    """How many of these normalised addresses were none before."""
    # In one order everywhere, so that two transactions never wait for each other in a circle.
    rows = [
        {
            "group_uuid": group.uuid,
            "email": email,
            "enterprise_uuid": group.enterprise_uuid,
            "created_at": at,
        }
        for email in sorted(set(emails))
    ]
    return sum(
        len(insert_missing(session, GroupMember, batch, ("email",)))
        for batch in batched(rows, BATCH)
    )


def remove_members(session: Session, group: Group, emails: Sequence[str]) -> int:
    """How many of these addresses were members."""
    removed = 0
    for batch in batched(sorted(set(emails)), BATCH):
        chosen = is_any_of(session, GroupMember.email, batch)
        statement = delete(GroupMember).where(_member.group_uuid == group.uuid, chosen)
        result = cast("CursorResult[tuple[()]]", session.connection().execute(statement))
        removed += result.rowcount
    return removed


def tell(
    session: Session,
    actor: Actor,
    row: Group,
    *,
    at: datetime,
    changes: Changes,
    added: int = 0,
    removed: int = 0,
    kind: type[GroupEvent] = GroupChanged,
    is_first: bool = False,
) -> GroupView:
    """Publishes what happened, and returns the group as the event shows it."""
    count = count_members(session.connection(), row.uuid)
    view = view_of_group(row, count)
    others = {"member_count": (count - added + removed, count)} if added or removed else {}
    told = kind(
        object_id=row.uuid,
        enterprise_uuid=row.enterprise_uuid,
        changes={**changes, **others},
        data=GroupChange(view, added, removed),
        is_first=is_first,
    )
    publish(session, actor, [told], at=at)
    return view
