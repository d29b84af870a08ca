"""Signing keys in the database. The newest one signs; old ones verify until they are revoked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc.jwk import ECKey
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.events.event import Changes
from bursar.events.service import publish
from bursar.identity.events import SigningKeyCreated, SigningKeyRevoked
from bursar.identity.models import SigningKey
from bursar.identity.sealing import Seal
from bursar.identity.views import SigningKeyView

ALGORITHM = "ES256"
UNSEALED = Seal()
# On PostgreSQL, one process at a time creates a key; SQLite has one writer anyway.
_CREATION_LOCK = 0x6275_7274


@dataclass(frozen=True, slots=True)
class LiveKey:
    kid: str
    key: ECKey
    created_at: datetime


def load_keys(connection: Connection, seal: Seal = UNSEALED) -> list[LiveKey]:
    """The keys that are not revoked, the newest first. Raises SealedKey."""
    rows = connection.execute(
        select(SigningKey.kid, SigningKey.private_jwk, SigningKey.created_at)
        .where(SigningKey.revoked_at.is_(None))
        .order_by(SigningKey.created_at.desc(), SigningKey.kid)
    )
    return [
        LiveKey(kid, ECKey.import_key(seal.open(stored), {"kid": kid}), created_at)
        for kid, stored, created_at in rows
    ]


def is_young(created_at: datetime, now: datetime, days: int) -> bool:
    return now - created_at < timedelta(days=days)


def ensure_signing_key(session: Session, *, at: datetime, days: int, seal: Seal = UNSEALED) -> None:
    """Creates a key when none is younger than `days`. Of several processes at once, one does."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))
    newest = session.scalar(
        select(func.max(SigningKey.created_at)).where(SigningKey.revoked_at.is_(None))
    )
    if newest is None or not is_young(newest, at, days):
        create_signing_key(session, Actor("bursar"), at=at, seal=seal)


def create_signing_key(
    session: Session, actor: Actor, *, at: datetime, seal: Seal = UNSEALED
) -> str:
    """Returns the id of the new key, which signs every token from the commit on."""
    key = ECKey.generate_key("P-256")
    kid = key.thumbprint()
    stored = seal.close(key.as_dict(private=True))
    session.execute(insert(SigningKey).values(kid=kid, private_jwk=stored, created_at=at))
    created = SigningKeyCreated(
        object_id=kid, enterprise_uuid=None, data=SigningKeyView(kid), is_first=True
    )
    publish(session, actor, [created], at=at)
    return kid


def seal_again(session: Session, seal: Seal) -> None:
    """Seals every live key with the first secret, whatever sealed it before. Raises SealedKey."""
    live = select(SigningKey.kid, SigningKey.private_jwk).where(SigningKey.revoked_at.is_(None))
    for kid, stored in session.execute(live.with_for_update()).all():
        sealed = seal.close(seal.open(stored))
        session.execute(update(SigningKey).where(SigningKey.kid == kid).values(private_jwk=sealed))


def revoke_signing_key(session: Session, actor: Actor, kid: str, *, at: datetime) -> bool:
    """Ends every token that the key signed, in each process within half a minute of the commit.

    Returns False when there is no such key, or it was revoked before.
    """
    revoked = session.scalar(
        update(SigningKey)
        .where(SigningKey.kid == kid, SigningKey.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(SigningKey.kid)
    )
    if revoked is not None:
        changes: Changes = {"revoked": (None, at)}
        event = SigningKeyRevoked(
            object_id=kid, enterprise_uuid=None, changes=changes, data=SigningKeyView(kid)
        )
        publish(session, actor, [event], at=at)
    return revoked is not None
