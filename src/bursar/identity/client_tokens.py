"""Bearer tokens that live long, and who may use SCIM."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, delete, insert, select
from sqlalchemy.orm import Session

from bursar.identity.models import ApiClient, ClientGrant, ClientToken, Enterprise, Role
from bursar.tenancy import NotAuthenticated

PREFIX: Final = "bursar_scim_"
"""So that a token that was published by mistake is recognised."""
_client, _token = ApiClient.__table__.c, ClientToken.__table__.c
_grant, _enterprise = ClientGrant.__table__.c, Enterprise.__table__.c


@dataclass(frozen=True, slots=True)
class ScimCaller:
    """An identity provider, and whose people it tells of."""

    client_id: str
    enterprise_uuid: UUID


def add_token(session: Session, client_uuid: UUID, at: datetime) -> str:
    """Returns the new token, which nobody can read again."""
    token = f"{PREFIX}{secrets.token_urlsafe(32)}"
    values = {
        "uuid": uuid4(),
        "client_uuid": client_uuid,
        "token_hash": _hash(token),
        "created_at": at,
    }
    session.execute(insert(ClientToken).values(values))
    return token


def has_tokens(session: Session, client_uuid: UUID) -> bool:
    mine = select(_token.uuid).where(_token.client_uuid == client_uuid)
    return session.execute(mine.limit(1)).first() is not None


def rotate_token(session: Session, client_uuid: UUID, at: datetime, *, live: int) -> str:
    """Returns a new token. So many are live afterwards, the newest."""
    newest = select(_token.uuid, _token.created_at).where(_token.client_uuid == client_uuid)
    rows = session.execute(newest.order_by(_token.created_at.desc(), _token.uuid)).all()
    kept = [row.uuid for row in rows[: live - 1]]
    session.execute(
        delete(ClientToken).where(_token.client_uuid == client_uuid, _token.uuid.not_in(kept))
    )
    # Two rotations in one instant must still have an order.
    since = max([at, *(row.created_at + timedelta(microseconds=1) for row in rows[:1])])
    return add_token(session, client_uuid, since)


def admit_scim(connection: Connection, *, token: str = "", client_id: str = "") -> ScimCaller:
    """By a long-lived token, or by the client of an access token that was verified. Raises
    NotAuthenticated."""
    if token:
        of_token = select(_token.client_uuid).where(_token.token_hash == _hash(token))
        return _admit(connection, _client.uuid.in_(of_token))
    return _admit(connection, _client.client_id == client_id)


def _admit(connection: Connection, condition: ColumnElement[bool]) -> ScimCaller:
    statement = (
        select(_client.client_id, _grant.enterprise_uuid)
        .join_from(ApiClient, ClientGrant, _grant.client_uuid == _client.uuid)
        .join(Enterprise, _enterprise.uuid == _grant.enterprise_uuid)
        .where(
            condition,
            _client.disabled_at.is_(None),
            _grant.role == Role.SCIM.value,
            _enterprise.suspended_at.is_(None),
        )
    )
    rows = connection.execute(statement).all()
    if len(rows) != 1:
        # With several enterprises nobody could say whose people are meant.
        raise NotAuthenticated("The token is not that of an identity provider of one enterprise.")
    return ScimCaller(rows[0].client_id, rows[0].enterprise_uuid)


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
