"""Policies as an operator declares them, with what they assign through."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.catalog.catalogs.service import enterprises_of
from bursar.credit.models import AssignmentConfiguration, Policy, Subsidy
from bursar.credit.policies.commands import PutPolicy
from bursar.credit.policies.events import (
    PolicyChanged,
    PolicyCreated,
    PolicyEvent,
    PolicyRetired,
)
from bursar.credit.policies.for_groups import group_problems, put_groups
from bursar.credit.policies.ownership import FIXED, find_owned
from bursar.credit.policies.queries import find_summary
from bursar.credit.policies.thresholds import reached, tell_reached
from bursar.credit.policy_types import ASSIGNED
from bursar.declarations import (
    DeclarationOutcome,
    DeclarationRefused,
    FieldChanges,
    Fields,
    Problem,
    given,
    missing,
    outcome_of,
    set_fields,
)
from bursar.events.service import publish

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
    "allow_unknown_price": False,
}
_FOR_GOOD: Final = ("policy_type", "subsidy_uuid")
_REQUIRED: Final = (*_FOR_GOOD, "catalog_uuid")
_CONFIGURATION: Final = "assignment_configuration"
_COUNTS: Final = tuple(
    column.name for column in AssignmentConfiguration.__table__.c if column.name.endswith("_count")
)


def put_policy(
    session: Session, actor: Actor, command: PutPolicy, *, at: datetime | None = None
) -> DeclarationOutcome:
    """Creates or changes a policy. Raises DeclarationRefused.

    A policy that has money allocated stays in use: whoever takes it out of use has cancelled its
    allocations before.

    The caller has called `lock_enterprise`. It calls `overcommitted` when all policies are stored,
    because only then can the spend limits be compared with the subsidy.
    """
    at = at or clock.now()
    fields = given(command)
    stored = find_owned(session, Policy, command.uuid, command.enterprise_uuid)
    configuration = _configuration_of(session, command.uuid)
    problems = [
        *missing(_REQUIRED, fields, is_new=stored is None),
        *_reference_problems(session, command.enterprise_uuid, fields),
        *group_problems(session, command.enterprise_uuid, fields),
        *_changes_for_good(stored, fields),
        *_closing_problems(stored, fields),
        *_configuration_problems(session, stored, configuration, command),
    ]
    if problems:
        raise DeclarationRefused(problems)
    is_new = stored is None
    policy = stored or _create(session, command, fields, at)
    changes = _initial(policy) if is_new else set_fields(policy, tuple(_DEFAULTS), fields)
    changes |= put_groups(session, policy, fields)
    if policy.policy_type == ASSIGNED:
        changes |= _put_configuration(session, policy, configuration, command)
    outcome = outcome_of(is_new=is_new, is_changed=bool(changes))
    if outcome != "unchanged":
        policy.modified_at = at
        session.flush()
        told = _kind(is_new=is_new, changes=changes)(
            object_id=policy.uuid,
            enterprise_uuid=policy.enterprise_uuid,
            changes=changes,
            data=find_summary(session.connection(), policy.uuid, at),
            is_first=is_new,
        )
        publish(session, actor, [told], at=at)
        _tell_lowered_limit(session, actor, policy, changes, at)
    return outcome


def _tell_lowered_limit(
    session: Session, actor: Actor, policy: Policy, changes: FieldChanges, at: datetime
) -> None:
    before, _ = changes.get("spend_limit", (None, None))
    spent, limit = policy.redeemed_cents + policy.allocated_cents, policy.spend_limit
    if "spend_limit" not in changes or limit is None:
        return
    new = set(reached(limit, spent)) - set(reached(_cents(before), spent))
    if new:
        named = (policy.enterprise_uuid, policy.uuid)
        tell_reached(session, actor, named, dict.fromkeys(sorted(new), limit), at)


def _cents(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _kind(*, is_new: bool, changes: FieldChanges) -> type[PolicyEvent]:
    if is_new:
        return PolicyCreated
    return PolicyRetired if changes.get("retired") == (False, True) else PolicyChanged


def _reference_problems(
    session: Session, enterprise_uuid: UUID, fields: Fields
) -> Iterator[Problem]:
    if catalog_uuid := fields.get("catalog_uuid"):
        owners = enterprises_of(session, [catalog_uuid])
        if owners.get(catalog_uuid) != enterprise_uuid:
            yield "catalog_uuid", "no such catalog"
    if subsidy_uuid := fields.get("subsidy_uuid"):
        subsidy = session.get(Subsidy, subsidy_uuid)
        if subsidy is None or subsidy.enterprise_uuid != enterprise_uuid:
            yield "subsidy_uuid", "no such subsidy"


def _changes_for_good(stored: Policy | None, fields: Fields) -> Iterator[Problem]:
    for name in _FOR_GOOD if stored is not None else ():
        if fields.get(name) not in {None, getattr(stored, name)}:
            yield name, FIXED


def _closing_problems(stored: Policy | None, fields: Fields) -> Iterator[Problem]:
    if stored is None or not stored.allocated_cents or not stored.active or stored.retired:
        return
    for name, is_closing in (("retired", True), ("active", False)):
        if fields.get(name) is is_closing:
            yield (
                name,
                f"{stored.allocated_cents} cents of this policy are allocated to learners who"
                " have not redeemed them; cancel these assignments first, or write"
                " cancel_allocations: true beside it, which cancels them and tells the learners",
            )
            return


def _configuration_problems(
    session: Session,
    policy: Policy | None,
    stored: AssignmentConfiguration | None,
    command: PutPolicy,
) -> Iterator[Problem]:
    wanted = command.assignment_configuration
    if wanted is None:
        return
    policy_type = given(command).get("policy_type") if policy is None else policy.policy_type
    if policy_type not in {ASSIGNED, None}:
        yield _CONFIGURATION, f"only an {ASSIGNED} has one"
    elif stored is not None:
        if stored.uuid != wanted.uuid:
            yield f"{_CONFIGURATION}.uuid", f"{FIXED}, it is {stored.uuid}"
    elif session.get(AssignmentConfiguration, wanted.uuid) is not None:
        yield f"{_CONFIGURATION}.uuid", "already used by another policy"


def _create(session: Session, command: PutPolicy, fields: Fields, at: datetime) -> Policy:
    policy = Policy(
        uuid=command.uuid,
        enterprise_uuid=command.enterprise_uuid,
        policy_type=fields["policy_type"],
        subsidy_uuid=fields["subsidy_uuid"],
        **{name: fields.get(name, default) for name, default in _DEFAULTS.items()},
        is_for_groups=False,
        redeemed_cents=0,
        allocated_cents=0,
        created_at=at,
        modified_at=at,
    )
    session.add(policy)
    session.flush()  # The policy is written before its configuration, which refers to it.
    return policy


def _initial(policy: Policy) -> FieldChanges:
    values = {name: getattr(policy, name) for name in (*_FOR_GOOD, *_DEFAULTS)}
    return {name: (None, value) for name, value in values.items() if value is not None}


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
    command: PutPolicy,
) -> FieldChanges:
    """Stores the configuration and returns what changed."""
    wanted = command.assignment_configuration
    fields = {} if wanted is None else given(wanted)
    if stored is not None:
        changes = set_fields(stored, ("active",), fields)
        return {f"{_CONFIGURATION}.{name}": change for name, change in changes.items()}
    created = AssignmentConfiguration(
        uuid=fields.get("uuid") or uuid4(),
        enterprise_uuid=policy.enterprise_uuid,
        policy_uuid=policy.uuid,
        active=fields.get("active", True),
        **dict.fromkeys(_COUNTS, 0),
    )
    session.add(created)
    return {
        f"{_CONFIGURATION}.uuid": (None, created.uuid),
        f"{_CONFIGURATION}.active": (None, created.active),
    }
