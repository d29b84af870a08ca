"""Policies that paths name."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.credit.models import Policy
from bursar.tenancy import Owned

_policy: Final = Policy.__table__


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    enterprise_uuid: UUID
    uuid: UUID
    catalog_uuid: UUID
    """The catalog when the request was admitted. It is compared again once the budget is locked."""


POLICY: Final = Owned(
    NamedPolicy,
    source=_policy,
    enterprise=_policy.c.enterprise_uuid,
    condition=_policy.c.uuid == bindparam("policy_uuid"),
    columns=(_policy.c.uuid, _policy.c.catalog_uuid),
)
