"""Policies that only members of groups may spend."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.credit.models import Policy
from bursar.declarations import FieldChanges, Fields, Problem
from bursar.groups.service import groups_of_policies, lock_groups, set_groups_of_policy

GROUPS: Final = "groups"
_SHOWN: Final = "group_associations"


def group_problems(session: Session, enterprise_uuid: UUID, fields: Fields) -> Iterator[Problem]:
    """Of groups that are not there. Those that are stay until the transaction ends."""
    wanted = fields.get(GROUPS) or ()
    owners = lock_groups(session, wanted) if wanted else {}
    for index, uuid in enumerate(wanted):
        if owners.get(uuid) != enterprise_uuid:
            yield f"{GROUPS}[{index}]", "no such group"


def put_groups(session: Session, policy: Policy, fields: Fields) -> FieldChanges:
    """Stores the groups of a policy, whose lock the caller has, and returns what changed."""
    if GROUPS not in fields:
        return {}
    stored = groups_of_policies(session.connection(), [policy.uuid]).get(policy.uuid, [])
    wanted = sorted(set(fields[GROUPS] or ()))
    if stored == wanted:
        return {}
    set_groups_of_policy(session, policy.enterprise_uuid, policy.uuid, wanted)
    policy.is_for_groups = bool(wanted)
    return {_SHOWN: (_text(stored), _text(wanted))}


def _text(groups: Sequence[UUID]) -> str | None:
    """Changes hold no lists."""
    return ", ".join(map(str, groups)) or None
