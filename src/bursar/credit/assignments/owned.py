"""Assignment configurations that paths name, with what changes need to know of them."""

from sqlalchemy import bindparam

from bursar.credit.models import AssignmentConfiguration, Policy, SubsidyTransaction
from bursar.identity.models import Enterprise
from bursar.web.principal import Owned

_policy, _configuration = Policy.__table__, AssignmentConfiguration.__table__
_enterprise, _transaction = Enterprise.__table__, SubsidyTransaction.__table__
CONFIGURATION = Owned(
    source=_configuration.join(_policy, _policy.c.uuid == _configuration.c.policy_uuid).join(
        _enterprise, _enterprise.c.uuid == _configuration.c.enterprise_uuid
    ),
    enterprise=_configuration.c.enterprise_uuid,
    condition=_configuration.c.uuid == bindparam("assignment_configuration_uuid"),
    columns=(
        _configuration.c.uuid,
        _configuration.c.policy_uuid,
        _policy.c.catalog_uuid,
        _enterprise.c.slug,
    ),
)
