"""How an enterprise shows itself to its learners: declared in manifests, read by pages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from msgspec import UNSET, UnsetType
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.batches import batched
from bursar.claims.models import EnterpriseLook
from bursar.declarations import given
from bursar.events.event import Event
from bursar.events.service import publish


class EnterpriseLookChanged(Event):
    type: ClassVar[str] = "enterprise.look_changed"
    object_type: ClassVar[str] = "enterprise"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredLook:
    """A field that is UNSET keeps its stored value."""

    logo: str | UnsetType | None = UNSET
    accent: str | UnsetType | None = UNSET
    language: str | UnsetType | None = UNSET
    timezone: str | UnsetType | None = UNSET
    ask_consent: bool | UnsetType = UNSET
    consent_text: str | UnsetType | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    logo: str | None = None
    accent: str | None = None
    language: str | None = None
    timezone: str | None = None
    ask_consent: bool = False
    consent_text: str | None = None


LOOK_FIELDS: Final = tuple(field.name for field in fields(Look))
_BATCH: Final = 1_000
_look: Final = EnterpriseLook.__table__.c
_COLUMNS: Final = [_look[name] for name in LOOK_FIELDS]


def look_of(connection: Connection, enterprise_uuid: UUID) -> Look:
    return looks_of(connection, [enterprise_uuid])[enterprise_uuid]


def looks_of(connection: Connection, enterprise_uuids: Iterable[UUID]) -> Mapping[UUID, Look]:
    """One for each: whoever has declared none has no wishes."""
    uuids = list(enterprise_uuids)
    found = dict.fromkeys(uuids, Look())
    for some in batched(uuids, _BATCH):
        statement = select(_look.enterprise_uuid, *_COLUMNS).where(_look.enterprise_uuid.in_(some))
        for uuid, *wishes in connection.execute(statement):
            found[uuid] = Look(**dict(zip(LOOK_FIELDS, wishes, strict=True)))
    return found


def declare_look(
    session: Session, actor: Actor, enterprise_uuid: UUID, declared: DeclaredLook, *, at: datetime
) -> bool:
    """Whether that is a change. The caller has locked the enterprise, or made it."""
    wanted = given(declared)
    before = look_of(session.connection(), enterprise_uuid)
    changes = {
        name: (getattr(before, name), value)
        for name, value in wanted.items()
        if getattr(before, name) != value
    }
    if not changes:
        return False
    row = session.get(EnterpriseLook, enterprise_uuid)
    if row is None:
        row = EnterpriseLook(enterprise_uuid=enterprise_uuid, ask_consent=False)
        session.add(row)
    for name, (_, value) in changes.items():
        setattr(row, name, value)
    row.modified_at = at
    session.flush()
    event = EnterpriseLookChanged(
        object_id=enterprise_uuid, enterprise_uuid=enterprise_uuid, changes=changes
    )
    publish(session, actor, [event], at=at)
    return True
