"""Policies as an operator declares them, with what they assign through."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.catalog.catalogs.models import Catalog
from bursar.credit.models import AssignmentConfiguration, Policy, Subsidy
from bursar.credit.policies.declarations import (
    FIXED,
    Outcome,
    Problem,
    Refused,
    missing,
    outcome_of,
    owned,
    set_fields,
)
from bursar.credit.policy_types import ASSIGNED

_DEFAULTS: Final[Mapping[str, Any]] = {
    "display_name": None,
    "description": "",
    "active": True,
    "retired": False,
    "catalog_uuid": None,
    "spend_limit": None,
    "per_learner_enrollment_limit": None,
    "per_learner_spend_limit": None,
    "late_redemption_allowed_until": None,
}
_FOR_GOOD: Final = ("policy_type", "subsidy_uuid")
_REQUIRED: Final = (*_FOR_GOOD, "catalog_uuid")
_CONFIGURATION: Final = "assignment_configuration"
_COUNTS: Final = tuple(
    column.name for column in AssignmentConfiguration.__table__.c if column.name.endswith("_count")
)


def put_policy(
    session: Session,
    actor: Actor,
    *,
    uuid: UUID,
    enterprise_uuid: UUID,
    fields: Mapping[str, Any],
    now: datetime,
) -> Outcome:
    """Creates or changes a policy, with its assignment configuration; absent fields stay.

    Whether its spend limit fits its subsidy is for `overcommitted` to say, when all are put.
    Raises Refused. The caller has called `lock_enterprise`.
    """
    stored = owned(session, Policy, uuid, enterprise_uuid)
    configuration = _configuration_of(session, uuid)
    wanted: Mapping[str, Any] = fields.get(_CONFIGURATION) or {}
    problems = [
        *missing(_REQUIRED, fields, is_new=stored is None),
        *_reference_problems(session, enterprise_uuid, fields),
        *_changes_for_good(stored, fields),
        *_configuration_problems(session, stored, configuration, fields),
    ]
    if problems:
        raise Refused(problems)
    is_new = stored is None
    policy = stored or _create(session, uuid, enterprise_uuid, fields, now)
    changed = sorted(fields) if is_new else set_fields(policy, tuple(_DEFAULTS), fields)
    if policy.policy_type == ASSIGNED and _put_configuration(
        session, policy, configuration, wanted
    ):
        changed = sorted({*changed, _CONFIGURATION})
    outcome = outcome_of(is_new=is_new, is_changed=bool(changed))
    if outcome != "unchanged":
        policy.modified_at = now
        session.flush()
        details = {"fields": changed}
        change = Change(f"policy.{outcome}", "policy", str(uuid), enterprise_uuid, details)
        record(session, actor, [change])
    return outcome


def _reference_problems(
    session: Session, enterprise_uuid: UUID, fields: Mapping[str, Any]
) -> Iterator[Problem]:
    catalog = session.get(Catalog, fields["catalog_uuid"]) if fields.get("catalog_uuid") else None
    subsidy = session.get(Subsidy, fields["subsidy_uuid"]) if fields.get("subsidy_uuid") else None
    for kind, found in (("catalog", catalog), ("subsidy", subsidy)):
        name = f"{kind}_uuid"
        if fields.get(name) and (found is None or found.enterprise_uuid != enterprise_uuid):
            yield name, f"no such {kind}"


def _changes_for_good(stored: Policy | None, fields: Mapping[str, Any]) -> Iterator[Problem]:
    for name in _FOR_GOOD if stored is not None else ():
        if fields.get(name) not in {None, getattr(stored, name)}:
            yield name, FIXED


def _configuration_problems(
    session: Session,
    policy: Policy | None,
    stored: AssignmentConfiguration | None,
    fields: Mapping[str, Any],
) -> Iterator[Problem]:
    wanted = fields.get(_CONFIGURATION)
    if wanted is None:
        return
    policy_type = fields.get("policy_type") if policy is None else policy.policy_type
    if policy_type not in {ASSIGNED, None}:
        yield _CONFIGURATION, f"only an {ASSIGNED} has one"
    elif stored is not None:
        if stored.uuid != wanted["uuid"]:
            yield f"{_CONFIGURATION}.uuid", f"{FIXED}, it is {stored.uuid}"
    elif session.get(AssignmentConfiguration, wanted["uuid"]) is not None:
        yield f"{_CONFIGURATION}.uuid", "already used by another policy"


def _create(
    session: Session,
    uuid: UUID,
    enterprise_uuid: UUID,
    fields: Mapping[str, Any],
    now: datetime,
) -> Policy:
    policy = Policy(
        uuid=uuid,
        enterprise_uuid=enterprise_uuid,
        policy_type=fields["policy_type"],
        subsidy_uuid=fields["subsidy_uuid"],
        **{name: fields.get(name, default) for name, default in _DEFAULTS.items()},
        redeemed_cents=0,
        allocated_cents=0,
        created_at=now,
        modified_at=now,
    )
    session.add(policy)
    session.flush()  # before its configuration, which refers to it
    return policy


def _configuration_of(session: Session, policy_uuid: UUID) -> AssignmentConfiguration | None:
    policy = AssignmentConfiguration.policy_uuid
    return session.scalars(
        select(AssignmentConfiguration)
        .where(policy == policy_uuid)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _put_configuration(
    session: Session,
    policy: Policy,
    stored: AssignmentConfiguration | None,
    wanted: Mapping[str, Any],
) -> bool:
    """Whether that changed anything."""
    if stored is not None:
        return bool(set_fields(stored, ("active",), wanted))
    session.add(
        AssignmentConfiguration(
            uuid=wanted.get("uuid") or uuid4(),
            enterprise_uuid=policy.enterprise_uuid,
            policy_uuid=policy.uuid,
            active=wanted.get("active", True),
            **dict.fromkeys(_COUNTS, 0),
        )
    )
    return True
