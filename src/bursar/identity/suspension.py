"""Suspends enterprises. While one is suspended, its clients are refused and no mail is sent for it;
its data stay as they are."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.events.service import publish
from bursar.identity.enterprises import find_enterprises
from bursar.identity.events import EnterpriseResumed, EnterpriseSuspended
from bursar.identity.models import Enterprise
from bursar.identity.refusals import UnknownEnterprise
from bursar.identity.views import EnterpriseView

SUSPENDED: Final = select(Enterprise.uuid).where(Enterprise.suspended_at.is_not(None))
"""The enterprises that are suspended, for statements of other domains."""


def set_suspended(
    session: Session, actor: Actor, uuid: UUID, at: datetime, *, suspended: bool
) -> bool:
    """Suspends or resumes an enterprise, and returns whether that is a change. Raises
    UnknownEnterprise."""
    enterprise = session.get(Enterprise, uuid, with_for_update=True)
    if enterprise is None:
        raise UnknownEnterprise(uuid)
    if suspended == (enterprise.suspended_at is not None):
        return False
    enterprise.suspended_at = at if suspended else None
    enterprise.modified_at = at
    session.flush()
    kind = EnterpriseSuspended if suspended else EnterpriseResumed
    event = kind(
        object_id=uuid, enterprise_uuid=uuid, changes={"suspended": (not suspended, suspended)}
    )
    publish(session, actor, [event], at=at)
    return True


def suspended_among(connection: Connection, uuids: Collection[UUID]) -> set[UUID]:
    return set(connection.scalars(SUSPENDED.where(Enterprise.uuid.in_(uuids))))


def list_enterprises(connection: Connection) -> list[EnterpriseView]:
    """By slug."""
    uuids = connection.scalars(select(Enterprise.uuid)).all()
    found = find_enterprises(connection, uuids).values()
    return sorted(found, key=lambda enterprise: enterprise.slug)
