"""Assignment configurations that paths name."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.credit.models import AssignmentConfiguration
from bursar.tenancy import Owned

_configuration: Final = AssignmentConfiguration.__table__
_NAMED: Final = _configuration.c.uuid == bindparam("assignment_configuration_uuid")


@dataclass(frozen=True, slots=True)
class NamedConfiguration:
    enterprise_uuid: UUID
    uuid: UUID


@dataclass(frozen=True, slots=True)
class ListedConfiguration:
    """A configuration with the number of its assignments in each state, so that a list need not
    count them."""

    enterprise_uuid: UUID
    uuid: UUID
    notifying_count: int
    waiting_count: int
    failed_count: int
    accepted_count: int
    cancelled_count: int
    errored_count: int
    expired_count: int
    reversed_count: int


CONFIGURATION: Final = Owned(
    NamedConfiguration,
    source=_configuration,
    enterprise=_configuration.c.enterprise_uuid,
    condition=_NAMED,
    columns=(_configuration.c.uuid,),
)
LISTED_CONFIGURATION: Final = Owned(
    ListedConfiguration,
    source=_configuration,
    enterprise=_configuration.c.enterprise_uuid,
    condition=_NAMED,
    columns=(
        _configuration.c.uuid,
        _configuration.c.notifying_count,
        _configuration.c.waiting_count,
        _configuration.c.failed_count,
        _configuration.c.accepted_count,
        _configuration.c.cancelled_count,
        _configuration.c.errored_count,
        _configuration.c.expired_count,
        _configuration.c.reversed_count,
    ),
)
