"""Reads groups and their members."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, func, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.groups.commands import GroupRecord, KnownGroup
from bursar.groups.models import Group, GroupMember
from bursar.groups.refusals import UnknownGroup
from bursar.groups.views import GroupView, MemberItem, view_of_group
from bursar.learners.service import find_learners
from bursar.pages import Page, PageRequest

_BATCH: Final = 1000
_group, _member = Group.__table__.c, GroupMember.__table__.c
_IS_LIVE: Final = _group.deleted_at.is_(None)
_SIZE: Final = (
    select(func.count()).where(_member.group_uuid == _group.uuid).scalar_subquery().label("size")
)


def _groups(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(*_group, _SIZE).where(_IS_LIVE, *conditions)


def find_group(connection: Connection, uuid: UUID) -> GroupView:
    """Raises UnknownGroup."""
    row = connection.execute(_groups(_group.uuid == uuid)).one_or_none()
    if row is None:
        raise UnknownGroup(uuid)
    return view_of_group(row, row.size)


def page_of_groups(
    connection: Connection, enterprise_uuid: UUID, wanted: PageRequest
) -> tuple[Page, list[GroupView]]:
    """The oldest first. Raises PageOutOfRange."""
    mine = _group.enterprise_uuid == enterprise_uuid
    count = select(func.count()).select_from(Group).where(mine, _IS_LIVE)
    page = wanted.within(connection.execute(count).scalar_one())
    rows = connection.execute(
        _groups(mine).order_by(_group.created_at, _group.uuid).offset(page.start).limit(page.size)
    )
    return page, [view_of_group(row, row.size) for row in rows]


def count_members(connection: Connection, uuid: UUID) -> int:
    count = select(func.count()).select_from(GroupMember).where(_member.group_uuid == uuid)
    return connection.execute(count).scalar_one()


def page_of_members(
    connection: Connection, enterprise_uuid: UUID, uuid: UUID, wanted: PageRequest
) -> tuple[Page, list[MemberItem]]:
    """By address. Raises PageOutOfRange."""
    page = wanted.within(count_members(connection, uuid))
    rows = connection.execute(members_of(uuid).offset(page.start).limit(page.size)).all()
    with Session(connection) as session:
        learners = find_learners(session, enterprise_uuid, [row.email for row in rows])
    accounts = {email: learner.lms_user_id for email, learner in learners.items()}
    return page, [MemberItem(row.email, accounts.get(row.email), row.created_at) for row in rows]


def members_of(uuid: UUID) -> Select[Any]:
    """In the order of all lists of members."""
    mine = _member.group_uuid == uuid
    return select(_member.email, _member.created_at).where(mine).order_by(_member.email)


def addresses_selected(uuid: UUID) -> Select[Any]:
    """The addresses of a group's members, as a part of another statement."""
    return select(_member.email).where(_member.group_uuid == uuid)


def members_known(connection: Connection, uuid: UUID, emails: Collection[str]) -> set[str]:
    """Those of the normalised addresses that are members; a thousand at most are asked for."""
    mine = (_member.group_uuid == uuid, _member.email.in_(emails))
    return set(connection.scalars(select(_member.email).where(*mine)))


def addresses_of(connection: Connection, uuid: UUID) -> list[str]:
    return [row.email for row in connection.execute(members_of(uuid))]


def export_groups(connection: Connection, enterprise_uuid: UUID) -> Iterator[GroupRecord]:
    """The oldest first, with all members."""
    statement = (
        select(_group.uuid, _group.name, _member.email)
        .join_from(Group, GroupMember, _member.group_uuid == _group.uuid, isouter=True)
        .where(_group.enterprise_uuid == enterprise_uuid, _IS_LIVE)
        .order_by(_group.created_at, _group.uuid, _member.email)
    )
    rows = connection.execute(statement)
    for (uuid, name), several in groupby(rows, lambda row: (row.uuid, row.name)):
        yield GroupRecord(uuid, name, [row.email for row in several if row.email is not None])


def find_groups(
    connection: Connection,
    enterprise_uuid: UUID,
    *,
    uuids: Collection[UUID] | None = None,
    name: str | None = None,
    external_id: str | None = None,
    start: int = 0,
    size: int | None = None,
) -> list[KnownGroup]:
    """The oldest first. `name` is compared in lower case."""
    wanted = _known(enterprise_uuid, uuids, name, external_id)
    ordered = wanted.order_by(_group.created_at, _group.uuid).offset(start).limit(size)
    return [KnownGroup(*row) for row in connection.execute(ordered)]


def count_groups(connection: Connection, enterprise_uuid: UUID) -> int:
    mine = (_group.enterprise_uuid == enterprise_uuid, _IS_LIVE)
    return connection.execute(select(func.count()).select_from(Group).where(*mine)).scalar_one()


def _known(
    enterprise_uuid: UUID,
    uuids: Collection[UUID] | None,
    name: str | None,
    external_id: str | None,
) -> Select[Any]:
    statement = select(
        _group.uuid, _group.name, _group.external_id, _group.created_at, _group.modified_at
    ).where(_group.enterprise_uuid == enterprise_uuid, _IS_LIVE)
    if uuids is not None:
        statement = statement.where(_group.uuid.in_(uuids))
    if name is not None:
        statement = statement.where(func.lower(_group.name) == name.lower())
    if external_id is not None:
        statement = statement.where(_group.external_id == external_id)
    return statement


def addresses_of_several(connection: Connection, uuids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Of each group, in one statement; groups without members are left out."""
    statement = (
        select(_member.group_uuid, _member.email)
        .where(_member.group_uuid.in_(uuids))
        .order_by(_member.group_uuid, _member.email)
    )
    found = defaultdict[UUID, list[str]](list)
    for row in connection.execute(statement):
        found[row.group_uuid].append(row.email)
    return found


def owners_of_groups(session: Session, uuids: Collection[UUID]) -> dict[UUID, UUID]:
    """The enterprise of each group that is not deleted."""
    statement = select(_group.uuid, _group.enterprise_uuid).where(_IS_LIVE)
    return {
        row.uuid: row.enterprise_uuid
        for batch in batched(uuids, _BATCH)
        for row in session.execute(statement.where(_group.uuid.in_(batch)))
    }
