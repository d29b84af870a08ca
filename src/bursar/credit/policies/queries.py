"""The list of policies: one statement for the first page, two for another; and one for groups."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Select, bindparam, func, select

from bursar.credit.models import AssignmentConfiguration, Policy, Subsidy
from bursar.credit.policies.commands import PolicyPage, PolicySelection
from bursar.credit.policies.views import PolicySummary, policy_summary
from bursar.database.types import AnyRow
from bursar.groups.service import groups_of_policies
from bursar.pages import PageRequest

_policies, _subsidies = Policy.__table__.c, Subsidy.__table__.c
_configurations = AssignmentConfiguration.__table__.c
_SELECTED: Final = (
    (_policies.enterprise_uuid == bindparam("enterprise_uuid"))
    & _policies.active.in_(bindparam("active", expanding=True))
    & _policies.policy_type.in_(bindparam("policy_types", expanding=True))
)


def _summaries() -> Select[Any]:
    joined = Policy.__table__.join(
        Subsidy.__table__, _subsidies.uuid == _policies.subsidy_uuid
    ).outerjoin(AssignmentConfiguration.__table__, _configurations.policy_uuid == _policies.uuid)
    return select(
        *_policies,
        _subsidies.active_datetime,
        _subsidies.expiration_datetime,
        _subsidies.balance_cents,
        _subsidies.allocated_cents.label("subsidy_allocated_cents"),
        _configurations.uuid.label("configuration_uuid"),
        _configurations.active.label("configuration_active"),
    ).select_from(joined)


_COUNT: Final = select(func.count()).select_from(Policy.__table__).where(_SELECTED)
_PAGE: Final = (
    _summaries()
    .add_columns(func.count().over().label("total"))
    .where(_SELECTED)
    .order_by(_policies.created_at.desc(), _policies.uuid)
    .offset(bindparam("skipped"))
    .limit(bindparam("size"))
)
_ONE: Final = _summaries().where(_policies.uuid == bindparam("policy_uuid"))
_THESE: Final = _summaries().where(
    _policies.enterprise_uuid == bindparam("enterprise_uuid"),
    _policies.uuid.in_(bindparam("policy_uuids", expanding=True)),
)


def list_policies(
    connection: Connection, selection: PolicySelection, wanted: PageRequest, at: datetime
) -> PolicyPage:
    """A page of policies, newest first, with their totals at the instant. Raises PageOutOfRange."""
    selected: dict[str, Any] = {
        "enterprise_uuid": selection.enterprise_uuid,
        "active": selection.active,
        "policy_types": selection.policy_types,
    }
    offset = 0
    if not wanted.is_first:
        count: int = connection.execute(_COUNT, selected).scalar_one()
        offset = wanted.within(count).start
    values = {**selected, "skipped": offset, "size": wanted.size}
    rows = connection.execute(_PAGE, values).all()
    page = wanted.within(rows[0].total if rows else 0)
    return PolicyPage(page, _summaries_of(connection, rows, at))


def find_summary(connection: Connection, policy_uuid: UUID, at: datetime) -> PolicySummary:
    """Raises NoResultFound."""
    row = connection.execute(_ONE, {"policy_uuid": policy_uuid}).one()
    return _summaries_of(connection, [row], at)[0]


def find_summaries(
    connection: Connection, enterprise_uuid: UUID, policy_uuids: Iterable[UUID], at: datetime
) -> dict[UUID, PolicySummary]:
    """Those of the enterprise, by uuid, with one statement for all."""
    wanted = list(policy_uuids)
    if not wanted:
        return {}
    values = {"enterprise_uuid": enterprise_uuid, "policy_uuids": wanted}
    rows = connection.execute(_THESE, values).all()
    return {each.uuid: each for each in _summaries_of(connection, rows, at)}


def _summaries_of(
    connection: Connection, rows: Sequence[AnyRow], at: datetime
) -> list[PolicySummary]:
    """With one statement more where a policy is for groups."""
    asked = [row.uuid for row in rows if row.is_for_groups]
    groups = groups_of_policies(connection, asked) if asked else {}
    return [policy_summary(row, at, groups.get(row.uuid, ())) for row in rows]
