"""The secrets of a client: which are live, and what a declared one does to them."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar.events.models import EventRecord
from bursar.identity.commands import SecretEffect
from bursar.identity.events import ClientSecretReplaced, ClientSecretRotated
from bursar.identity.models import ApiClient, ClientSecret
from bursar.identity.secrets import hash_secret, verify_secret


def put_secret(session: Session, client: ApiClient, secret: str, at: datetime) -> SecretEffect:
    """Makes a declared secret the only one, unless it was declared before or is live.

    Expects the client to be locked.
    """
    live = [row.secret_hash for row in secrets_of(session, client)]
    declared = client.declared_secret_hash
    if declared is not None and verify_secret(declared, secret):
        return SecretEffect.NONE if declared in live else SecretEffect.ROTATED
    same = next((hashed for hashed in live if verify_secret(hashed, secret)), None)
    if same is not None:
        client.declared_secret_hash = same
        return SecretEffect.NONE
    if declared is None and live and _was_rotated(session, client):
        client.declared_secret_hash = hash_secret(secret)
        return SecretEffect.ROTATED
    session.execute(delete(ClientSecret).where(ClientSecret.client_uuid == client.uuid))
    client.declared_secret_hash = add_secret(session, client, secret, at)
    return SecretEffect.REPLACED if live else SecretEffect.FIRST


def secrets_of(session: Session, client: ApiClient) -> list[ClientSecret]:
    """The live ones, the newest first."""
    return list(
        session.scalars(
            select(ClientSecret)
            .where(ClientSecret.client_uuid == client.uuid)
            .order_by(ClientSecret.created_at.desc())
        )
    )


def add_secret(session: Session, client: ApiClient, secret: str, at: datetime) -> str:
    """Returns its hash."""
    hashed = hash_secret(secret)
    session.add(
        ClientSecret(uuid=uuid4(), client_uuid=client.uuid, secret_hash=hashed, created_at=at)
    )
    session.flush()
    return hashed


def _was_rotated(session: Session, client: ApiClient) -> bool:
    """Whether the live secrets come from a rotation: for clients that were declared before their
    declared secret was noted."""
    kinds = (ClientSecretRotated.type, ClientSecretReplaced.type)
    last = session.scalar(
        select(EventRecord.type)
        .where(
            EventRecord.object_type == ClientSecretRotated.object_type,
            EventRecord.object_id == client.client_id,
            EventRecord.type.in_(kinds),
        )
        .order_by(EventRecord.version.desc())
        .limit(1)
    )
    return last == ClientSecretRotated.type
