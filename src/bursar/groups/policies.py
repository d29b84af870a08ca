"""Which groups a budget is for, and whether somebody is in one of them.

The budget itself says whether it is for groups only: see `Policy.is_for_groups`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import is_any_of
from bursar.groups.models import Group, GroupMember, GroupOfPolicy

_BATCH: Final = 10_000
_group, _member = Group.__table__.c, GroupMember.__table__.c
_pair: Final = GroupOfPolicy.__table__.c


def groups_of_policies(
    connection: Connection, policy_uuids: Collection[UUID]
) -> dict[UUID, list[UUID]]:
    """The groups of each budget, in one order; budgets without any are left out."""
    statement = (
        select(_pair.policy_uuid, _pair.group_uuid)
        .where(_pair.policy_uuid.in_(policy_uuids))
        .order_by(_pair.group_uuid)
    )
    found = defaultdict[UUID, list[UUID]](list)
    for row in connection.execute(statement):
        found[row.policy_uuid].append(row.group_uuid)
    return found


def set_groups_of_policy(
    session: Session, enterprise_uuid: UUID, policy_uuid: UUID, groups: Iterable[UUID]
) -> None:
    """The caller holds the lock of the budget, and these are groups of the enterprise."""
    connection = session.connection()
    connection.execute(delete(GroupOfPolicy).where(_pair.policy_uuid == policy_uuid))
    rows = [
        {"policy_uuid": policy_uuid, "group_uuid": uuid, "enterprise_uuid": enterprise_uuid}
        for uuid in sorted(set(groups))
    ]
    if rows:
        connection.execute(insert(GroupOfPolicy), rows)


def policies_of_group(connection: Connection, uuid: UUID) -> list[UUID]:
    statement = select(_pair.policy_uuid).where(_pair.group_uuid == uuid)
    return list(connection.scalars(statement.order_by(_pair.policy_uuid)))


def policies_of_groups(connection: Connection, uuids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The budgets that are for each of the groups, in one order; groups of none are left out."""
    statement = (
        select(_pair.group_uuid, _pair.policy_uuid)
        .where(_pair.group_uuid.in_(uuids))
        .order_by(_pair.group_uuid, _pair.policy_uuid)
    )
    found = defaultdict[UUID, list[UUID]](list)
    for row in connection.execute(statement):
        found[row.group_uuid].append(row.policy_uuid)
    return found


def lock_groups_of_policy(session: Session, policy_uuid: UUID) -> None:
    """Until the transaction ends, nobody joins or leaves these groups. Whoever also locks the
    budget has done that before, and locks learners afterwards."""
    # Others may spend from budgets of the groups meanwhile; who changes one of them waits.
    groups = select(_pair.group_uuid).where(_pair.policy_uuid == policy_uuid)
    statement = select(_group.uuid).where(_group.uuid.in_(groups)).order_by(_group.uuid)
    session.connection().execute(statement.with_for_update(read=True)).all()


def lock_groups(session: Session, uuids: Collection[UUID]) -> dict[UUID, UUID]:
    """The enterprise of each group that is not deleted; none of them is deleted until the
    transaction ends."""
    statement = (
        select(_group.uuid, _group.enterprise_uuid)
        .where(_group.uuid.in_(uuids), _group.deleted_at.is_(None))
        .order_by(_group.uuid)
    )
    rows = session.connection().execute(statement.with_for_update(read=True))
    return {row.uuid: row.enterprise_uuid for row in rows}


def members_among(session: Session, policy_uuid: UUID, emails: Sequence[str]) -> set[str]:
    """Those of the normalised addresses that are in a group of the budget."""
    groups = select(_pair.group_uuid).where(_pair.policy_uuid == policy_uuid)
    return {
        row.email
        for batch in batched(emails, _BATCH)
        for row in session.connection().execute(
            select(_member.email)
            .where(_member.group_uuid.in_(groups), is_any_of(session, GroupMember.email, batch))
            .distinct()
        )
    }


def policies_for_members(
    connection: Connection, enterprise_uuid: UUID, emails: Sequence[str]
) -> set[UUID]:
    """The budgets of an enterprise that are for a group in which one of these addresses is."""
    statement = (
        select(_pair.policy_uuid)
        .join_from(GroupOfPolicy, GroupMember, _member.group_uuid == _pair.group_uuid)
        .where(_member.enterprise_uuid == enterprise_uuid, _member.email.in_(emails))
        .distinct()
    )
    return set(connection.scalars(statement))
