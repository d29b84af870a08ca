"""The list of policies: one statement for a page, two when its number must be checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    bindparam,
    func,
    select,
)

from bursar.credit.models import (
    AssignmentConfiguration,
    Policy,
    Subsidy,
)
from bursar.database.types import AnyRow

_policies, _subsidies = Policy.__table__.c, Subsidy.__table__.c
_configurations = AssignmentConfiguration.__table__.c
_POLICIES = (
    (_policies.enterprise_uuid == bindparam("enterprise_uuid"))
    & _policies.active.in_(bindparam("active", expanding=True))
    & _policies.policy_type.in_(bindparam("policy_types", expanding=True))
)
_POLICIES_COUNT = select(func.count()).select_from(Policy.__table__).where(_POLICIES)
_POLICIES_PAGE = (
    select(
        *_policies,
        _subsidies.active_datetime,
        _subsidies.expiration_datetime,
        _subsidies.balance_cents,
        _subsidies.allocated_cents.label("subsidy_allocated_cents"),
        _configurations.uuid.label("configuration_uuid"),
        _configurations.active.label("configuration_active"),
        func.count().over().label("total"),
    )
    .select_from(
        Policy.__table__.join(
            Subsidy.__table__, _subsidies.uuid == _policies.subsidy_uuid
        ).outerjoin(
            AssignmentConfiguration.__table__, _configurations.policy_uuid == _policies.uuid
        )
    )
    .where(_POLICIES)
    .order_by(_policies.created_at.desc(), _policies.uuid)
    .offset(bindparam("skipped"))
    .limit(bindparam("size"))
)


@dataclass(frozen=True, slots=True)
class PolicySelection:
    """The policies to list: of one enterprise, and with one of the values of each field."""

    enterprise_uuid: UUID | None
    active: tuple[bool, ...]
    policy_types: tuple[str, ...]

    @property
    def values(self) -> dict[str, Any]:
        return {
            "enterprise_uuid": self.enterprise_uuid,
            "active": self.active,
            "policy_types": self.policy_types,
        }


def policies_page(
    connection: Connection, wanted: PolicySelection, offset: int, limit: int
) -> Sequence[AnyRow]:
    """Newest first; every row also carries `total`, the length of the whole list."""
    values = {**wanted.values, "skipped": offset, "size": limit}
    rows: Sequence[AnyRow] = connection.execute(_POLICIES_PAGE, values).all()
    return rows


def policies_count(connection: Connection, wanted: PolicySelection) -> int:
    count: int = connection.execute(_POLICIES_COUNT, wanted.values).scalar_one()
    return count
