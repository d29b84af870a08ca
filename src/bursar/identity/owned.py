"""What queries can name of identity."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import and_, bindparam

from bursar.identity.models import ApiClient, ClientGrant, Enterprise
from bursar.tenancy import Owned

_enterprises = Enterprise.__table__
_clients, _grants = ApiClient.__table__, ClientGrant.__table__


@dataclass(frozen=True, slots=True)
class NamedEnterprise:
    enterprise_uuid: UUID


@dataclass(frozen=True, slots=True)
class ClientTarget:
    enterprise_uuid: UUID
    uuid: UUID
    client_id: str


_IS_NAMED: Final = _enterprises.c.uuid == bindparam("enterprise_customer_uuid")

NAMED_ENTERPRISE: Final = Owned(
    NamedEnterprise,
    source=_enterprises,
    enterprise=_enterprises.c.uuid,
    condition=_IS_NAMED,
)
"""The enterprise of a query `?enterprise_customer_uuid=`."""

SANDBOX: Final = Owned(
    NamedEnterprise,
    source=_enterprises,
    enterprise=_enterprises.c.uuid,
    condition=and_(_IS_NAMED, _enterprises.c.is_sandbox),
)
"""The same, if it is a sandbox. Any other one is unknown to what is for sandboxes."""

CLIENT: Final = Owned(
    ClientTarget,
    source=_clients.join(_grants, _grants.c.client_uuid == _clients.c.uuid),
    enterprise=_grants.c.enterprise_uuid,
    condition=_clients.c.uuid == bindparam("client_uuid"),
    columns=(_clients.c.uuid, _clients.c.client_id),
)
"""A client that acts for the enterprise, and maybe for others."""
