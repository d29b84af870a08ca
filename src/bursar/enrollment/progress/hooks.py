"""The addresses at which an LMS tells what has happened there: made, rotated, disabled, found.

Every function expects the caller's transaction.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import Connection, and_, or_, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.database.types import AnyRow
from bursar.enrollment.progress.models import LmsHook
from bursar.events.event import Changes, Event
from bursar.events.service import publish
from bursar.identity.service import find_enterprises

OVERLAP: Final = timedelta(hours=24)
"""How long the secret before is good after a rotation."""
LONGEST_SECRET: Final = 200
_BYTES: Final = 32
_hooks: Final = LmsHook.__table__.c


class UnknownHook(LookupError):
    def __init__(self, uuid: UUID) -> None:
        super().__init__(f"there is no hook {uuid}")


class UnknownOwner(LookupError):
    def __init__(self, uuid: UUID) -> None:
        super().__init__(f"there is no enterprise {uuid}")


class HookView(msgspec.Struct, frozen=True):
    """Without its secret."""

    uuid: UUID
    enterprise_customer_uuid: UUID | None
    description: str
    is_signed: bool
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HookEvent(Event):
    object_type: ClassVar[str] = "lms_hook"

    data: HookView


class HookCreated(HookEvent):
    type: ClassVar[str] = "lms_hook.created"


class HookRotated(HookEvent):
    """A new secret is good beside the one before, which ends in a day."""

    type: ClassVar[str] = "lms_hook.secret_rotated"


class HookChanged(HookEvent):
    """It was enabled or disabled."""

    type: ClassVar[str] = "lms_hook.changed"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """Shown this once."""

    hook: HookView
    secret: str = field(repr=False)
    signing_key: str | None = field(repr=False)
    """As Standard Webhooks write it; null when requests need no signature."""

    @property
    def path(self) -> str:
        return f"/hooks/openedx/{self.secret}"


@dataclass(frozen=True, slots=True)
class FoundHook:
    """A hook whose secret somebody knows."""

    uuid: UUID
    enterprise_uuid: UUID | None
    signing_key: str | None = field(repr=False)


def create_hook(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID | None,
    *,
    description: str = "",
    is_signed: bool = False,
    at: datetime,
) -> NewSecret:
    """For one enterprise, or for the learners of all. Raises UnknownOwner."""
    if enterprise_uuid is not None and not find_enterprises(
        session.connection(), [enterprise_uuid]
    ):
        raise UnknownOwner(enterprise_uuid)
    secret = _new_secret()
    values: dict[str, Any] = {
        "uuid": uuid4(),
        "enterprise_uuid": enterprise_uuid,
        "description": description,
        "secret_hash": _hash(secret),
        "signing_salt": secrets.token_hex(_BYTES) if is_signed else None,
        "created_at": at,
        "modified_at": at,
        "told": 0,
        "unknown_people": 0,
        "unknown_runs": 0,
    }
    session.add(LmsHook(**values))
    session.flush()
    row = _locked(session, values["uuid"])
    _tell(session, actor, HookCreated, row, {"description": (None, description)})
    return _new(row, secret)


def rotate_hook(session: Session, actor: Actor, uuid: UUID, *, at: datetime) -> NewSecret:
    """The secret before is good for 24 hours more. Raises UnknownHook."""
    before, secret = _locked(session, uuid), _new_secret()
    _change(
        session,
        uuid,
        secret_hash=_hash(secret),
        previous_hash=before.secret_hash,
        previous_until=at + OVERLAP,
        modified_at=at,
    )
    row = _locked(session, uuid)
    _tell(session, actor, HookRotated, row, {})
    return _new(row, secret)


def enable_hook(
    session: Session, actor: Actor, uuid: UUID, *, enabled: bool, at: datetime
) -> HookView:
    """One that is disabled answers as if it was not there, to the secret before too. Raises
    UnknownHook."""
    before = _locked(session, uuid)
    if (before.disabled_at is None) is not enabled:
        values = {"disabled_at": None if enabled else at, "modified_at": at}
        if not enabled:
            values |= {"previous_hash": None, "previous_until": None}
        _change(session, uuid, **values)
        row = _locked(session, uuid)
        _tell(session, actor, HookChanged, row, {"enabled": (not enabled, enabled)})
    return _view(_locked(session, uuid))


def list_hooks(connection: Connection, enterprise_uuid: UUID | None = None) -> Sequence[AnyRow]:
    """In the order in which they were made: their columns."""
    statement = select(LmsHook.__table__).order_by(_hooks.created_at, _hooks.uuid)
    if enterprise_uuid is not None:
        statement = statement.where(_hooks.enterprise_uuid == enterprise_uuid)
    return connection.execute(statement).all()


def find_hook(connection: Connection, secret: str, at: datetime) -> FoundHook | None:
    """The enabled hook with the secret. Only its hash is looked for, so that how long it takes says
    nothing about the secrets that there are."""
    if len(secret) > LONGEST_SECRET:
        return None
    hashed = _hash(secret)
    is_before = and_(_hooks.previous_hash == hashed, _hooks.previous_until > at)
    row = connection.execute(
        select(_hooks.uuid, _hooks.enterprise_uuid, _hooks.signing_salt).where(
            or_(_hooks.secret_hash == hashed, is_before), _hooks.disabled_at.is_(None)
        )
    ).first()
    if row is None:
        return None
    return FoundHook(row.uuid, row.enterprise_uuid, _signing_key(secret, row.signing_salt))


def _new_secret() -> str:
    return secrets.token_urlsafe(_BYTES)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _signing_key(secret: str, salt: str | None) -> str | None:
    if salt is None:
        return None
    key = hmac.digest(bytes.fromhex(salt), secret.encode("utf-8", "surrogatepass"), "sha256")
    return "whsec_" + base64.b64encode(key).decode()


def _locked(session: Session, uuid: UUID) -> AnyRow:
    statement = select(LmsHook.__table__).where(_hooks.uuid == uuid).with_for_update()
    row = session.execute(statement).first()
    if row is None:
        raise UnknownHook(uuid)
    return row


def _change(session: Session, uuid: UUID, **values: Any) -> None:
    statement = update(LmsHook).where(_hooks.uuid == uuid).values(**values)
    session.execute(statement.execution_options(synchronize_session=False))


def _view(row: AnyRow) -> HookView:
    return HookView(
        row.uuid,
        row.enterprise_uuid,
        row.description,
        row.signing_salt is not None,
        row.disabled_at is None,
    )


def _new(row: AnyRow, secret: str) -> NewSecret:
    return NewSecret(_view(row), secret, _signing_key(secret, row.signing_salt))


def _tell(
    session: Session, actor: Actor, kind: type[HookEvent], row: AnyRow, changes: Changes
) -> None:
    event = kind(
        object_id=row.uuid,
        enterprise_uuid=row.enterprise_uuid,
        changes=changes,
        data=_view(row),
        is_first=kind is HookCreated,
    )
    publish(session, actor, [event], at=row.modified_at)
