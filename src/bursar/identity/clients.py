"""API clients, their secrets and grants. What changes them expects the caller's transaction."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import insert_for
from bursar.declarations import DeclarationOutcome
from bursar.events.event import Changes, Event
from bursar.events.service import publish
from bursar.identity.client_secrets import add_secret, put_secret, secrets_of
from bursar.identity.client_tokens import add_token, has_tokens, rotate_token
from bursar.identity.commands import (
    ClientDeclaration,
    CreateClient,
    DeclaredClient,
    SecretEffect,
)
from bursar.identity.enterprises import get_enterprise
from bursar.identity.events import (
    ClientCreated,
    ClientDisabled,
    ClientEnabled,
    ClientEvent,
    ClientFormatChanged,
    ClientGranted,
    ClientRoleChanged,
    ClientSecretReplaced,
    ClientSecretRotated,
)
from bursar.identity.models import ApiClient, ClientGrant, ClientSecret, Role
from bursar.identity.refusals import (
    ClientExists,
    ClientOfAnotherEnterprise,
    InvalidClientId,
    UnknownClient,
)
from bursar.identity.secrets import new_secret
from bursar.identity.views import ClientSummary, ClientView

LIVE_SECRETS: Final = 2
"""How many secrets a rotation leaves live, so that an integration can change over without a gap."""
MAX_CLIENT_ID_LENGTH: Final = 255


def put_client(
    session: Session, actor: Actor, declared: DeclaredClient, *, at: datetime | None = None
) -> DeclarationOutcome:
    """As `declare_client`, for who need not know what becomes of secrets."""
    return declare_client(session, actor, declared, at=at).outcome


def declare_client(
    session: Session, actor: Actor, declared: DeclaredClient, *, at: datetime | None = None
) -> ClientDeclaration:
    """Brings a client and its grant to what is declared; "created" when the grant is new.

    Raises InvalidClientId, ClientOfAnotherEnterprise, and ValueError for an unknown role.
    """
    at = at or clock.now()
    client, is_new = _obtain(session, declared.client_id, at)
    return _declare(session, actor, client, declared, at, is_new=is_new)


def _declare(
    session: Session,
    actor: Actor,
    client: ApiClient,
    declared: DeclaredClient,
    at: datetime,
    *,
    is_new: bool,
) -> ClientDeclaration:
    role = str(Role(declared.role))
    old_role = _put_grant(session, client, declared.enterprise_uuid, role)
    secret = declared.secret
    effect = SecretEffect.NONE if secret is None else put_secret(session, client, secret, at)
    is_replaced = effect in {SecretEffect.FIRST, SecretEffect.REPLACED}
    old_format = client.default_format
    if declared.default_format is not UNSET:
        client.default_format = declared.default_format
        session.flush()
    is_reformatted = old_format != client.default_format
    grants = _grants_of(session, client)
    mine = {declared.enterprise_uuid: role}
    events: list[Event] = []
    if is_new:
        changes: Changes = {"client_id": (None, client.client_id)}
        events += _events(ClientCreated, client, mine, changes, is_first=True)
    if old_role is None:
        granted: Changes = {"role": (None, role)}
        events += _events(ClientGranted, client, mine, granted, is_first=is_new)
    elif old_role != role:
        events += _events(ClientRoleChanged, client, mine, {"role": (old_role, role)})
    if is_replaced and not is_new:
        events += _events(ClientSecretReplaced, client, grants)
    if is_reformatted and not is_new:
        formats: Changes = {"default_format": (old_format, client.default_format)}
        events += _events(ClientFormatChanged, client, grants, formats)
    publish(session, actor, events, at=at)
    is_changed = is_replaced or is_reformatted or old_role != role
    changed: DeclarationOutcome = "changed" if is_changed else "unchanged"
    return ClientDeclaration("created" if old_role is None else changed, effect)


def create_client(
    session: Session, actor: Actor, command: CreateClient, *, at: datetime | None = None
) -> str:
    """Returns the new secret or token, which nobody can read again.

    Raises ClientExists, InvalidClientId, UnknownEnterprise, and ValueError for an unknown role.
    """
    at = at or clock.now()
    role = str(Role(command.role))
    get_enterprise(session, command.enterprise_uuid)
    client, is_new = _obtain(session, command.client_id, at)
    if not is_new:
        # It may be another enterprise's, and made at this moment: nothing of it is changed.
        raise ClientExists(command.client_id)
    if command.is_for_good:
        client.only_enterprise_uuid = command.enterprise_uuid
    secret = None if command.has_token else new_secret()
    declared = DeclaredClient(
        client_id=command.client_id,
        enterprise_uuid=command.enterprise_uuid,
        role=role,
        secret=secret,
        default_format=command.default_format,
    )
    _declare(session, actor, client, declared, at, is_new=True)
    return add_token(session, client.uuid, at) if secret is None else secret


def rotate_secret(
    session: Session, actor: Actor, client_id: str, *, at: datetime | None = None
) -> str:
    """Returns a new secret, or token for who has such; the newest old one stays live beside it.

    Raises UnknownClient.
    """
    at = at or clock.now()
    client = _get(session, client_id)
    if has_tokens(session, client.uuid):
        token = rotate_token(session, client.uuid, at, live=LIVE_SECRETS)
        told = _events(ClientSecretRotated, client, _grants_of(session, client))
        publish(session, actor, told, at=at)
        return token
    secret = new_secret()
    older = secrets_of(session, client)
    if client.declared_secret_hash is None and older:
        # The client is from before this was noted. What it had first is what a manifest may name.
        client.declared_secret_hash = older[-1].secret_hash
    # Two rotations in one instant, as with a clock that stands still, must still have an order.
    since = max([at, *(row.created_at + timedelta(microseconds=1) for row in older[:1])])
    for row in older[LIVE_SECRETS - 1 :]:
        session.delete(row)
    add_secret(session, client, secret, since)
    events = _events(ClientSecretRotated, client, _grants_of(session, client))
    publish(session, actor, events, at=at)
    return secret


def disable_client(
    session: Session, actor: Actor, client_id: str, *, at: datetime | None = None
) -> bool:
    """Stops a client and its tokens at once. False when it was disabled before.

    Raises UnknownClient.
    """
    at = at or clock.now()
    client = _get(session, client_id)
    if client.disabled_at is not None:
        return False
    client.disabled_at = at
    session.flush()
    grants = _grants_of(session, client)
    events = _events(ClientDisabled, client, grants, {"disabled": (None, at)})
    publish(session, actor, events, at=at)
    return True


def enable_client(
    session: Session, actor: Actor, client_id: str, *, at: datetime | None = None
) -> bool:
    """Lets a disabled client work again. False when it was not disabled. Raises UnknownClient."""
    at = at or clock.now()
    client = _get(session, client_id)
    disabled, client.disabled_at = client.disabled_at, None
    if disabled is None:
        return False
    session.flush()
    grants = _grants_of(session, client)
    events = _events(ClientEnabled, client, grants, {"disabled": (disabled, None)})
    publish(session, actor, events, at=at)
    return True


def list_clients(session: Session, enterprise_uuid: UUID | None = None) -> list[ClientSummary]:
    """The clients of one enterprise or of all, by id, with their roles in every enterprise."""
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
            client.default_format,
        )
        for client in sorted(clients, key=lambda client: client.client_id)
    ]


def _obtain(session: Session, client_id: str, now: datetime) -> tuple[ApiClient, bool]:
    """The client, locked, and whether it is new. Of two transactions at once, one creates it."""
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


def _put_grant(session: Session, client: ApiClient, enterprise_uuid: UUID, role: str) -> str | None:
    """Returns the role that the client had in the enterprise before. Raises
    ClientOfAnotherEnterprise."""
    if client.only_enterprise_uuid not in {None, enterprise_uuid}:
        raise ClientOfAnotherEnterprise(client.client_id)
    grant = session.get(ClientGrant, (client.uuid, enterprise_uuid))
    if grant is None:
        session.add(
            ClientGrant(client_uuid=client.uuid, enterprise_uuid=enterprise_uuid, role=role)
        )
        session.flush()
        return None
    old_role, grant.role = grant.role, role
    session.flush()
    return old_role


def _grants_of(session: Session, client: ApiClient) -> dict[UUID | None, str | None]:
    """The role in each enterprise; one entry of nulls for a client that acts for none."""
    rows = session.execute(
        select(ClientGrant.enterprise_uuid, ClientGrant.role).where(
            ClientGrant.client_uuid == client.uuid
        )
    )
    return {row.enterprise_uuid: row.role for row in rows} or {None: None}


def _events(
    kind: type[ClientEvent],
    client: ApiClient,
    grants: Mapping[UUID, str] | Mapping[UUID | None, str | None],
    changes: Changes | None = None,
    *,
    is_first: bool = False,
) -> list[Event]:
    """One event for each enterprise that the client acts for."""
    return [
        kind(
            object_id=client.client_id,
            enterprise_uuid=enterprise_uuid,
            changes=changes or {},
            data=ClientView(
                client.client_id, enterprise_uuid, role, client.created_at, client.disabled_at
            ),
            is_first=is_first,
        )
        for enterprise_uuid, role in grants.items()
    ]
