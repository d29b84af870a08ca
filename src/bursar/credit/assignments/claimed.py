"""One assignment as its learner sees it, together with the budget that pays for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from bursar.credit.models import Assignment, AssignmentConfiguration, Policy, Subsidy
from bursar.credit.states import AssignmentState

_assignment: Final = Assignment.__table__
_configuration: Final = AssignmentConfiguration.__table__
_policy: Final = Policy.__table__
_subsidy: Final = Subsidy.__table__


@dataclass(frozen=True, slots=True)
class ClaimedAssignment:
    uuid: UUID
    enterprise_uuid: UUID
    policy_uuid: UUID
    learner_email: str
    content_key: str
    content_title: str
    state: AssignmentState
    transaction_uuid: UUID | None
    allocated_at: datetime
    expires_at: datetime
    budget_ends_at: datetime

    @property
    def is_redeeming(self) -> bool:
        return self.state is AssignmentState.ALLOCATED and self.transaction_uuid is not None


_BY_UUID: Final = (
    select(
        _assignment.c.uuid,
        _assignment.c.enterprise_uuid,
        _configuration.c.policy_uuid,
        _assignment.c.learner_email,
        _assignment.c.content_key,
        _assignment.c.content_title,
        _assignment.c.state,
        _assignment.c.transaction_uuid,
        _assignment.c.allocated_at,
        _assignment.c.expires_at,
        _subsidy.c.expiration_datetime.label("budget_ends_at"),
    )
    .select_from(
        _assignment.join(_configuration, _configuration.c.uuid == _assignment.c.configuration_uuid)
        .join(_policy, _policy.c.uuid == _configuration.c.policy_uuid)
        .join(_subsidy, _subsidy.c.uuid == _policy.c.subsidy_uuid)
    )
    .where(_assignment.c.uuid == bindparam("assignment_uuid"))
)


def find_claimed(connection: Connection, assignment_uuid: UUID) -> ClaimedAssignment | None:
    """Of whichever enterprise: who asks has a token for this very assignment."""
    values = {"assignment_uuid": assignment_uuid}
    row = connection.execute(_BY_UUID, values).mappings().one_or_none()
    if row is None:
        return None
    return ClaimedAssignment(**{**row, "state": AssignmentState(row["state"])})
