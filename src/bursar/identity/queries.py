"""Reads the clients of one enterprise, without what they may do in others."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, Connection, ScalarSelect, Select, bindparam, func, select

from bursar.identity.models import ApiClient, ClientGrant, ClientSecret, ClientToken, Role
from bursar.identity.refusals import UnknownClient
from bursar.identity.views import ClientOfEnterprise
from bursar.pages import Page, PageRequest

_client, _grant = ApiClient.__table__.c, ClientGrant.__table__.c
_other: Final = ClientGrant.__table__.alias("other_grant").c
_ENTERPRISE: Final[BindParameter[UUID]] = bindparam("enterprise")
_MINE: Final = _grant.enterprise_uuid == _ENTERPRISE
_GRANTED: Final = ApiClient.__table__.join(
    ClientGrant.__table__, _grant.client_uuid == _client.uuid
)


def page_of_clients(
    connection: Connection, enterprise_uuid: UUID, wanted: PageRequest, roles: Sequence[Role]
) -> tuple[Page, list[ClientOfEnterprise]]:
    """Those that have one of these roles, by id. Raises PageOutOfRange."""
    named = {"enterprise": enterprise_uuid}
    has_role = _grant.role.in_([str(each) for each in roles])
    count = select(func.count()).select_from(ClientGrant).where(_MINE, has_role)
    page = wanted.within(connection.execute(count, named).scalar_one())
    ordered = _shown().where(has_role).order_by(_client.client_id)
    rows = connection.execute(ordered.offset(page.start).limit(page.size), named)
    return page, [ClientOfEnterprise(*row) for row in rows]


def find_client(
    connection: Connection, enterprise_uuid: UUID, client_uuid: UUID
) -> ClientOfEnterprise:
    """Raises UnknownClient, also for a client of other enterprises only."""
    statement = _shown().where(_client.uuid == client_uuid)
    row = connection.execute(statement, {"enterprise": enterprise_uuid}).one_or_none()
    if row is None:
        raise UnknownClient(str(client_uuid))
    return ClientOfEnterprise(*row)


def _shown() -> Select[Any]:
    return (
        select(
            _client.uuid,
            _client.client_id,
            _grant.role,
            _client.created_at,
            _client.disabled_at,
            _client.default_format,
            _number_of(ClientSecret),
            _number_of(ClientToken),
            select(func.count())
            .where(_other.client_uuid == _client.uuid, _other.enterprise_uuid != _ENTERPRISE)
            .scalar_subquery(),
        )
        .select_from(_GRANTED)
        .where(_MINE)
    )


def _number_of(kind: type[ClientSecret] | type[ClientToken]) -> ScalarSelect[int]:
    mine = kind.__table__.c.client_uuid == _client.uuid
    return select(func.count()).where(mine).scalar_subquery()
