"""Signing keys in the database. The newest one signs; old ones verify until they are revoked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.events.event import Changes
from bursar.events.service import publish
from bursar.identity.events import SigningKeyCreated, SigningKeyRevoked
from bursar.identity.models import SigningKey
from bursar.identity.sealing import Seal, SealedKey, is_sealed, public_half
from bursar.identity.views import SigningKeyView

ALGORITHM = "ES256"
UNSEALED = Seal()
# On PostgreSQL, one process at a time creates a key; SQLite has one writer anyway.
_CREATION_LOCK = 0x6275_7274


class NoSigningKey(Exception):
    """All live keys are sealed, and this process has no secret at all to open or seal one with."""

    def __init__(self) -> None:
        super().__init__("Tokens cannot be issued: BURSAR_SECRET_KEY is not set.")


@dataclass(frozen=True, slots=True)
class LiveKey:
    kid: str
    key: ECKey
    """Both halves, or the public one alone of a key that is closed here."""
    created_at: datetime
    can_sign: bool


@dataclass(frozen=True, slots=True)
class LiveKeys:
    """The keys that are not revoked, as far as a process can use them."""

    usable: tuple[LiveKey, ...] = ()
    """Those whose tokens can be verified, the newest first."""
    closed: tuple[str, ...] = ()
    """The ids of those that no secret of this process opens, so that it cannot sign with them."""

    @property
    def signing(self) -> LiveKey | None:
        return next((key for key in self.usable if key.can_sign), None)


def load_keys(connection: Connection, seal: Seal = UNSEALED) -> LiveKeys:
    """One statement. Keys that cannot be opened do not keep the others from being used."""
    rows = connection.execute(
        select(SigningKey.kid, SigningKey.private_jwk, SigningKey.created_at)
        .where(SigningKey.revoked_at.is_(None))
        .order_by(SigningKey.created_at.desc(), SigningKey.kid)
    )
    usable, closed = list[LiveKey](), list[str]()
    for kid, stored, created_at in rows:
        try:
            jwk: dict[str, Any] | None = seal.open(stored, kid)
        except SealedKey:
            closed.append(kid)
            jwk = public_half(stored)
        if jwk is not None:
            key = ECKey.import_key(jwk, {"kid": kid})
            usable.append(LiveKey(kid, key, created_at, key.is_private))
    return LiveKeys(tuple(usable), tuple(closed))


def count_unsealed(connection: Connection) -> int:
    """How many live keys lie in the database as they are."""
    stored = connection.scalars(
        select(SigningKey.private_jwk).where(SigningKey.revoked_at.is_(None))
    )
    return sum(not is_sealed(each) for each in stored)


def is_young(created_at: datetime, now: datetime, days: int) -> bool:
    return now - created_at < timedelta(days=days)


def ensure_signing_key(session: Session, *, at: datetime, days: int, seal: Seal = UNSEALED) -> None:
    """Creates a key when none that can be opened is younger than `days`. Of several processes at
    once, one does. Raises NoSigningKey."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))
    keys = load_keys(session.connection(), seal)
    if keys.signing is not None and is_young(keys.signing.created_at, at, days):
        return
    if keys.closed and not seal.secrets:
        # A new key would lie unsealed between sealed ones.
        raise NoSigningKey
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
    _seal(session, seal, is_due=lambda _stored: True)


def seal_unsealed(session: Session, seal: Seal) -> None:
    """Seals the live keys that lie as they are. Others keep the secret that sealed them."""
    _seal(session, seal, is_due=lambda stored: not is_sealed(stored))


def _seal(session: Session, seal: Seal, *, is_due: Callable[[dict[str, Any]], bool]) -> None:
    live = select(SigningKey.kid, SigningKey.private_jwk).where(SigningKey.revoked_at.is_(None))
    for kid, stored in session.execute(live.with_for_update()).all():
        if is_due(stored):
            sealed = seal.close(seal.open(stored, kid))
            session.execute(
                update(SigningKey).where(SigningKey.kid == kid).values(private_jwk=sealed)
            )


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
