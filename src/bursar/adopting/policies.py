"""The policies of an enterprise, each with what it assigns through."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bursar.adopting.catalogs import ensure_catalog
from bursar.adopting.enterprise_access import (
    CONFIGURATION,
    FORCED,
    POLICY,
    POLICY_GROUP,
    PolicyFields,
)
from bursar.adopting.run import EnterpriseRun
from bursar.adopting.staging import Staged
from bursar.adopting.subsidies import TakenSubsidy
from bursar.credit.adopted import service as credit
from bursar.credit.adopted.service import AdoptedPolicy, CreditAdoptionRefused
from bursar.credit.policy_types import (
    ASSIGNED,
    PER_LEARNER_ENROLLMENT,
    PER_LEARNER_SPEND,
    POLICY_TYPES,
)
from bursar.declarations import AdoptionOutcome
from bursar.groups.service import owners_of_groups

_OBSTACLE: Final = "policy"
_INSTEAD: Final = {
    "per_learner_spend": PER_LEARNER_SPEND,
    "per_learner_enrollment": PER_LEARNER_ENROLLMENT,
}
_LIMITS: Final = ("spend_limit", "per_learner_spend_limit", "per_learner_enrollment_limit")


@dataclass(frozen=True, slots=True)
class TakenPolicy:
    dumped: Staged[PolicyFields]
    subsidy: TakenSubsidy
    outcome: AdoptionOutcome
    configuration_uuid: UUID | None
    """What it assigns through, when a file has told of it."""


def adopt_policies(
    run: EnterpriseRun, subsidies: Mapping[UUID, TakenSubsidy]
) -> Iterator[TakenPolicy]:
    for policy in run.staging.of(POLICY, run.enterprise_uuid):
        policy_type = _type_of(run, policy)
        subsidy = _subsidy_of(run, policy, subsidies)
        catalog = policy.fields.catalog_uuid
        has_catalog = ensure_catalog(run, catalog, policy.name)
        if policy_type is None or subsidy is None or not has_catalog or _is_wrong(run, policy):
            continue
        _note_forced(run, policy)
        configuration = _configuration_of(run, policy) if policy_type == ASSIGNED else None
        try:
            outcome = credit.put_policy(
                run.session,
                _adopted(run, policy, policy_type),
                configuration,
                list(_groups_of(run, policy)),
            )
        except CreditAdoptionRefused as error:
            run.findings.obstacle(_OBSTACLE, f"{policy.name}: {error}")
            continue
        run.policies[policy.uuid] = policy.fields.subsidy_uuid
        named = None if configuration is None else configuration[0]
        yield TakenPolicy(policy, subsidy, outcome, named)


def _type_of(run: EnterpriseRun, policy: Staged[PolicyFields]) -> str | None:
    policy_type = policy.fields.policy_type
    if policy_type in POLICY_TYPES:
        return policy_type
    text = f"{policy.name}: there are no policies of type {policy_type} here"
    return _INSTEAD.get(run.findings.decide("policy_type", policy.uuid, text) or "")


def _subsidy_of(
    run: EnterpriseRun, policy: Staged[PolicyFields], subsidies: Mapping[UUID, TakenSubsidy]
) -> TakenSubsidy | None:
    uuid = policy.fields.subsidy_uuid
    if uuid in subsidies:
        return subsidies[uuid]
    owner = credit.owners_of_subsidies(run.session, [uuid]).get(uuid)
    if owner is not None and owner != run.enterprise_uuid:
        text = f"{policy.name}: the subsidy {uuid} belongs to another enterprise"
        run.findings.obstacle(_OBSTACLE, text)
        return None
    text = f"{policy.name}: the subsidy {uuid} is in no file"
    run.findings.decide("missing_subsidy", uuid, text)
    return None


def _is_wrong(run: EnterpriseRun, policy: Staged[PolicyFields]) -> bool:
    negative = [name for name in _LIMITS if (getattr(policy.fields, name) or 0) < 0]
    for name in negative:
        run.findings.obstacle(_OBSTACLE, f"{policy.name}: {name} is negative")
    return bool(negative)


def _configuration_of(run: EnterpriseRun, policy: Staged[PolicyFields]) -> tuple[UUID, bool] | None:
    uuid = policy.fields.assignment_configuration
    if uuid is None:
        return None
    configuration = run.staging.get(CONFIGURATION, uuid)
    if configuration is None:
        text = f"{policy.name}: its assignment configuration {uuid} is in no file"
        run.findings.note(_OBSTACLE, text)
        return uuid, True
    if configuration.fields.enterprise_customer_uuid != run.enterprise_uuid:
        text = f"{policy.name}: its assignment configuration {uuid} is another enterprise's"
        run.findings.obstacle(_OBSTACLE, text)
    return uuid, configuration.fields.active


def _groups_of(run: EnterpriseRun, policy: Staged[PolicyFields]) -> Iterator[UUID]:
    """Those for whom alone the policy is. Nobody else comes to spend it for want of a file."""
    for association in run.staging.of(POLICY_GROUP, policy.pk):
        uuid = association.fields.enterprise_group_uuid
        owners = {} if uuid is None else owners_of_groups(run.session, [uuid])
        if uuid is not None and owners.get(uuid) == run.enterprise_uuid:
            yield uuid
            continue
        text = f"{policy.name}: it is for the group {uuid}, which the enterprise does not have"
        run.findings.decide("missing_group", policy.uuid, text)


def _note_forced(run: EnterpriseRun, policy: Staged[PolicyFields]) -> None:
    """A forced redemption that was done is a transaction as any other."""
    waiting = sum(
        1 for forced in run.staging.of(FORCED, policy.pk) if forced.fields.transaction_uuid is None
    )
    if waiting:
        text = f"{policy.name}: {waiting} forced redemptions were never done, and are left out"
        run.findings.note(_OBSTACLE, text)


def _adopted(run: EnterpriseRun, policy: Staged[PolicyFields], policy_type: str) -> AdoptedPolicy:
    fields = policy.fields
    return AdoptedPolicy(
        uuid=policy.uuid,
        enterprise_uuid=run.enterprise_uuid,
        policy_type=policy_type,
        display_name=fields.display_name,
        description=fields.description,
        active=fields.active,
        retired=fields.retired,
        catalog_uuid=fields.catalog_uuid,
        subsidy_uuid=fields.subsidy_uuid,
        spend_limit=fields.spend_limit,
        per_learner_enrollment_limit=fields.per_learner_enrollment_limit,
        per_learner_spend_limit=fields.per_learner_spend_limit,
        late_redemption_allowed_until=fields.late_redemption_allowed_until,
        created_at=fields.created,
        modified_at=fields.modified,
    )
