"""Policies that paths name, with what changes need to know of them."""

from sqlalchemy import bindparam

from bursar.credit.models import AssignmentConfiguration, Policy, SubsidyTransaction
from bursar.identity.models import Enterprise
from bursar.web.principal import Owned

_policy, _configuration = Policy.__table__, AssignmentConfiguration.__table__
_enterprise, _transaction = Enterprise.__table__, SubsidyTransaction.__table__
POLICY = Owned(
    source=_policy.join(_enterprise, _enterprise.c.uuid == _policy.c.enterprise_uuid).outerjoin(
        _configuration, _configuration.c.policy_uuid == _policy.c.uuid
    ),
    enterprise=_policy.c.enterprise_uuid,
    condition=_policy.c.uuid == bindparam("policy_uuid"),
    columns=(
        _policy.c.uuid,
        _policy.c.catalog_uuid,
        _enterprise.c.slug,
        _configuration.c.uuid.label("configuration_uuid"),
        _configuration.c.active.label("configuration_active"),
    ),
)
