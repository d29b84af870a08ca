"""Authenticates clients with their secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from bursar import clock
from bursar.database.engine import Database
from bursar.identity import throttle
from bursar.identity.clients import LIVE_SECRETS
from bursar.identity.models import ApiClient, ClientGrant, ClientSecret
from bursar.identity.refusals import InvalidCredentials, TooManyFailures
from bursar.identity.secrets import burn_time, verify_secret
from bursar.identity.throttle import FailureLimits


@dataclass(frozen=True, slots=True)
class Credentials:
    """The hashes of the live secrets of a client in good standing, the newest first."""

    client_uuid: UUID
    secret_hashes: tuple[str, ...]


def authenticate_client(
    database: Database,
    client_id: str,
    secret: str,
    address: str,
    *,
    limits: FailureLimits,
    at: datetime | None = None,
) -> Mapping[UUID, str]:
    """Returns the role of the client in each enterprise.

    Raises InvalidCredentials and TooManyFailures. Verifying takes tens of milliseconds of one
    core, so the transactions are its own: no connection is held meanwhile. A request that comes
    after too many failures verifies nothing. `address` is whatever counts as one caller's.
    """
    at = at or clock.now()
    with database.read() as connection:
        seconds = throttle.seconds_to_wait(connection, client_id, address, now=at, limits=limits)
        if seconds:
            raise TooManyFailures(seconds)
        credentials = find_credentials(connection, client_id)
    if not authenticate(credentials, secret) or credentials is None:
        with database.transaction() as session:
            throttle.note_failure(session, client_id, address, now=at)
        raise InvalidCredentials
    with database.read() as connection:
        return find_roles(connection, credentials.client_uuid)


def find_credentials(connection: Connection, client_id: str) -> Credentials | None:
    """None for an unknown client and for a disabled one, after the same one statement."""
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
    """Takes the same time for every refusal, so that nobody learns which clients there are."""
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
