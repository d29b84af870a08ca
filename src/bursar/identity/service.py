"""API clients, their secrets and grants. Writing functions expect the caller's transaction."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.database.engine import insert_for
from bursar.identity.enterprises import (
    Outcome,
    SlugTaken,
    UnknownEnterprise,
    find_enterprise,
    get_enterprise,
    list_enterprises,
    put_enterprise,
)
from bursar.identity.models import ApiClient, ClientGrant, ClientSecret, Role
from bursar.identity.secrets import burn_time, hash_secret, new_secret, verify_secret

__all__ = [
    "ClientExists",
    "ClientSummary",
    "Credentials",
    "InvalidClientId",
    "Outcome",
    "SlugTaken",
    "UnknownClient",
    "UnknownEnterprise",
    "authenticate",
    "create_client",
    "disable_client",
    "enable_client",
    "find_credentials",
    "find_enterprise",
    "find_roles",
    "get_enterprise",
    "list_clients",
    "list_enterprises",
    "put_client",
    "put_enterprise",
    "rotate_secret",
]

LIVE_SECRETS: Final = 2
MAX_CLIENT_ID_LENGTH: Final = 255


class UnknownClient(LookupError):
    def __init__(self, client_id: str) -> None:
        super().__init__(f"no such client: {client_id}")
        self.client_id = client_id


class ClientExists(ValueError):
    def __init__(self, client_id: str) -> None:
        super().__init__(f"there is a client {client_id} already")
        self.client_id = client_id


class InvalidClientId(ValueError):
    def __init__(self) -> None:
        super().__init__("a client id has 1 to 255 printable characters")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client in good standing can prove itself with, the newest first."""

    client_uuid: UUID
    secret_hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClientSummary:
    client_id: str
    created_at: datetime
    disabled_at: datetime | None
    secrets: int
    roles: Mapping[UUID, str]


def find_credentials(connection: Connection, client_id: str) -> Credentials | None:
    """None for an unknown client and for a disabled one, in the same one statement."""
    rows = connection.execute(
        select(ApiClient.uuid, ClientSecret.secret_hash)
        .outerjoin(ClientSecret, ClientSecret.client_uuid == ApiClient.uuid)
        .where(ApiClient.client_id == client_id, ApiClient.disabled_at.is_(None))
        .order_by(ClientSecret.created_at.desc())
    ).all()
    if not rows:
        return None
    return Credentials(rows[0][0], tuple(row[1] for row in rows if row[1] is not None))


def authenticate(credentials: Credentials | None, secret: str) -> bool:
    """Takes the same time for every refusal. Slow: hold no connection meanwhile."""
    hashes = credentials.secret_hashes if credentials else ()
    if any(verify_secret(hashed, secret) for hashed in hashes):
        return True
    for _ in range(LIVE_SECRETS - len(hashes)):
        burn_time()
    return False


def find_roles(connection: Connection, client_uuid: UUID) -> dict[UUID, str]:
    rows = connection.execute(
        select(ClientGrant.enterprise_uuid, ClientGrant.role)
        .where(ClientGrant.client_uuid == client_uuid)
        .order_by(ClientGrant.enterprise_uuid)
    )
    return {row.enterprise_uuid: row.role for row in rows}


def put_client(
    session: Session,
    actor: Actor,
    *,
    client_id: str,
    enterprise_uuid: UUID,
    role: str,
    secret: str | None,
    now: datetime,
) -> Outcome:
    """Created when the grant is new. A different secret replaces all; None leaves them alone.

    Raises InvalidClientId, and ValueError for an unknown role.
    """
    client, new = _obtain(session, client_id, now)
    granted = _put_grant(session, client, enterprise_uuid, Role(role))
    replaced = secret is not None and _put_secret(session, client, secret, now)
    actions = ["client.created"] if new else []
    actions += {"created": ["client.granted"], "changed": ["client.role_changed"]}.get(granted, [])
    details = {"role": str(role)}
    record(session, actor, [_change(client, act, enterprise_uuid, details) for act in actions])
    if replaced and not new:
        _audit(session, actor, client, "client.secret_replaced")
    return "changed" if replaced and granted == "unchanged" else granted


def create_client(
    session: Session,
    actor: Actor,
    *,
    client_id: str,
    enterprise_uuid: UUID,
    role: str,
    now: datetime,
) -> str:
    """The new secret, which nobody can read again.

    Raises ClientExists, InvalidClientId, UnknownEnterprise, and ValueError for an unknown role.
    """
    get_enterprise(session, enterprise_uuid)
    if _find(session, client_id) is not None:
        raise ClientExists(client_id)
    secret = new_secret()
    put_client(
        session,
        actor,
        client_id=client_id,
        enterprise_uuid=enterprise_uuid,
        role=role,
        secret=secret,
        now=now,
    )
    return secret


def rotate_secret(session: Session, actor: Actor, client_id: str, *, now: datetime) -> str:
    """A new secret; the newest of the old ones stays live beside it. Raises UnknownClient."""
    client = _get(session, client_id)
    secret = new_secret()
    older = _secrets_of(session, client)
    # Two rotations in one instant (--now) must still have an order.
    at = max([now, *(row.created_at + timedelta(microseconds=1) for row in older[:1])])
    for row in older[LIVE_SECRETS - 1 :]:
        session.delete(row)
    _add_secret(session, client, secret, at)
    _audit(session, actor, client, "client.secret_rotated")
    return secret


def disable_client(session: Session, actor: Actor, client_id: str, *, now: datetime) -> bool:
    """Its tokens stop at once. False when it was disabled before. Raises UnknownClient."""
    client = _get(session, client_id)
    if client.disabled_at is not None:
        return False
    client.disabled_at = now
    _audit(session, actor, client, "client.disabled")
    return True


def enable_client(session: Session, actor: Actor, client_id: str) -> bool:
    """False when it was not disabled. Raises UnknownClient."""
    client = _get(session, client_id)
    if client.disabled_at is None:
        return False
    client.disabled_at = None
    _audit(session, actor, client, "client.enabled")
    return True


def list_clients(session: Session, enterprise_uuid: UUID | None = None) -> list[ClientSummary]:
    """Ordered by client id; of one enterprise, or all. Roles are those in every enterprise."""
    wanted = select(ApiClient.uuid)
    if enterprise_uuid is not None:
        wanted = wanted.join(ClientGrant, ClientGrant.client_uuid == ApiClient.uuid).where(
            ClientGrant.enterprise_uuid == enterprise_uuid
        )
    roles: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    for grant in session.scalars(select(ClientGrant).where(ClientGrant.client_uuid.in_(wanted))):
        roles[grant.client_uuid][grant.enterprise_uuid] = grant.role
    secrets = Counter(
        session.scalars(
            select(ClientSecret.client_uuid).where(ClientSecret.client_uuid.in_(wanted))
        )
    )
    clients = session.scalars(select(ApiClient).where(ApiClient.uuid.in_(wanted))).all()
    return [
        ClientSummary(
            client.client_id,
            client.created_at,
            client.disabled_at,
            secrets[client.uuid],
            roles[client.uuid],
        )
        for client in sorted(clients, key=lambda client: client.client_id)
    ]


def _obtain(session: Session, client_id: str, now: datetime) -> tuple[ApiClient, bool]:
    """The client, locked, and whether it is new: of two at once, one creates it."""
    if not 1 <= len(client_id) <= MAX_CLIENT_ID_LENGTH or not client_id.isprintable():
        raise InvalidClientId
    created = session.scalar(
        insert_for(session, ApiClient)
        .values(uuid=uuid4(), client_id=client_id, created_at=now)
        .on_conflict_do_nothing(index_elements=["client_id"])
        .returning(ApiClient.__table__.c.uuid)
    )
    return _get(session, client_id), created is not None


def _find(session: Session, client_id: str) -> ApiClient | None:
    return session.scalars(
        select(ApiClient)
        .where(ApiClient.client_id == client_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def _get(session: Session, client_id: str) -> ApiClient:
    client = _find(session, client_id)
    if client is None:
        raise UnknownClient(client_id)
    return client


def _put_grant(session: Session, client: ApiClient, enterprise_uuid: UUID, role: Role) -> Outcome:
    grant = session.get(ClientGrant, (client.uuid, enterprise_uuid))
    if grant is None:
        session.add(
            ClientGrant(client_uuid=client.uuid, enterprise_uuid=enterprise_uuid, role=str(role))
        )
        session.flush()
        return "created"
    if grant.role == role:
        return "unchanged"
    grant.role = str(role)
    session.flush()
    return "changed"


def _put_secret(session: Session, client: ApiClient, secret: str, now: datetime) -> bool:
    if any(verify_secret(row.secret_hash, secret) for row in _secrets_of(session, client)):
        return False
    session.execute(delete(ClientSecret).where(ClientSecret.client_uuid == client.uuid))
    _add_secret(session, client, secret, now)
    return True


def _secrets_of(session: Session, client: ApiClient) -> list[ClientSecret]:
    return list(
        session.scalars(
            select(ClientSecret)
            .where(ClientSecret.client_uuid == client.uuid)
            .order_by(ClientSecret.created_at.desc())
        )
    )


def _add_secret(session: Session, client: ApiClient, secret: str, at: datetime) -> None:
    session.add(
        ClientSecret(
            uuid=uuid4(), client_uuid=client.uuid, secret_hash=hash_secret(secret), created_at=at
        )
    )
    session.flush()


def _audit(session: Session, actor: Actor, client: ApiClient, action: str) -> None:
    """One entry in the trail of each enterprise that the client acts for."""
    session.flush()
    granted: Sequence[UUID | None] = session.scalars(
        select(ClientGrant.enterprise_uuid).where(ClientGrant.client_uuid == client.uuid)
    ).all()
    record(session, actor, [_change(client, action, uuid) for uuid in granted or [None]])


def _change(
    client: ApiClient,
    action: str,
    enterprise_uuid: UUID | None,
    details: dict[str, Any] | None = None,
) -> Change:
    return Change(action, "client", client.client_id, enterprise_uuid, details or {})
