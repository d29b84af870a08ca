"""What paths about webhooks can name."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.identity.models import Enterprise
from bursar.tenancy import Owned
from bursar.webhooks.models import WebhookEndpoint

_enterprises, _endpoints = Enterprise.__table__, WebhookEndpoint.__table__


@dataclass(frozen=True, slots=True)
class EnterpriseTarget:
    enterprise_uuid: UUID


@dataclass(frozen=True, slots=True)
class EndpointTarget:
    enterprise_uuid: UUID
    uuid: UUID


_IS_NAMED: Final = _endpoints.c.uuid == bindparam("endpoint_uuid")
ENTERPRISE: Final = Owned(
    EnterpriseTarget,
    source=_enterprises,
    enterprise=_enterprises.c.uuid,
    condition=_enterprises.c.uuid == bindparam("enterprise_customer_uuid"),
)
ENDPOINT: Final = Owned(
    EndpointTarget,
    source=_endpoints,
    enterprise=_endpoints.c.enterprise_uuid,
    condition=_IS_NAMED & _endpoints.c.deleted_at.is_(None),
    columns=(_endpoints.c.uuid,),
)
ENDPOINT_OR_DELETED: Final = Owned(
    EndpointTarget,
    source=_endpoints,
    enterprise=_endpoints.c.enterprise_uuid,
    condition=_IS_NAMED,
    columns=(_endpoints.c.uuid,),
)
"""For a deletion, which may be repeated."""
