"""Finds references to what does not exist, and declarations of what others own."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.catalog.catalogs.service import enterprises_of
from bursar.credit.policies.service import (
    owners_of_configurations,
    owners_of_ledger_entries,
    owners_of_policies,
    owners_of_subsidies,
)
from bursar.groups.service import owners_of_groups
from bursar.identity.service import owners_of_slugs
from bursar.provisioning.forms import EnterpriseForm
from bursar.provisioning.manifest import Manifest
from bursar.provisioning.problems import problem
from bursar.webhooks.service import owners_of_endpoints

Named = tuple[str, UUID]
"""A path below an enterprise, and the UUID there."""
OwnersOf = Callable[[Session, Collection[UUID]], dict[UUID, UUID]]
"""Finds the enterprise of each stored object of one kind; the function stands for the kind."""


@dataclass(frozen=True, slots=True)
class Stored:
    slugs: dict[str, UUID]
    """The enterprise of each slug that is taken."""
    owners: dict[OwnersOf, dict[UUID, UUID]]
    """The enterprise of each object, by kind."""


def placed_enterprises(manifests: Sequence[Manifest]) -> Iterator[tuple[str, EnterpriseForm]]:
    for manifest in manifests:
        for index, enterprise in enumerate(manifest.enterprises):
            yield f"{manifest.prefix}enterprises[{index}]", enterprise


def reference_problems(session: Session, manifests: Sequence[Manifest]) -> list[str]:
    enterprises = list(placed_enterprises(manifests))
    forms = [enterprise for _, enterprise in enterprises]
    stored = _stored(session, forms)
    renamed = {enterprise.uuid: enterprise.slug for enterprise in forms}
    owned = {kind: stored.owners[kind] | _declared(forms, kind) for kind in _REFERENCES}
    return [
        line
        for place, enterprise in enterprises
        for line in (
            *_taken_slug(place, enterprise, stored.slugs, renamed),
            *_foreign(place, enterprise, stored),
            *_unknown(place, enterprise, owned),
        )
    ]


def _taken_slug(
    place: str, enterprise: EnterpriseForm, slugs: dict[str, UUID], renamed: dict[UUID, str]
) -> Iterator[str]:
    holder = slugs.get(enterprise.slug, enterprise.uuid)
    gives_it_up = renamed.get(holder, enterprise.slug) != enterprise.slug
    if holder != enterprise.uuid and not gives_it_up:
        yield problem(f"{place}.slug", f"taken by enterprise {holder}")


def _foreign(place: str, enterprise: EnterpriseForm, stored: Stored) -> Iterator[str]:
    for kind, named in _DECLARATIONS.items():
        for path, uuid in named(enterprise):
            if stored.owners[kind].get(uuid, enterprise.uuid) != enterprise.uuid:
                yield problem(f"{place}.{path}", "belongs to another enterprise")


def _unknown(
    place: str, enterprise: EnterpriseForm, owned: dict[OwnersOf, dict[UUID, UUID]]
) -> Iterator[str]:
    for kind, (name, named) in _REFERENCES.items():
        for path, uuid in named(enterprise):
            if owned[kind].get(uuid) != enterprise.uuid:
                yield problem(f"{place}.{path}", f"no such {name}")


def _catalogs(enterprise: EnterpriseForm) -> Iterator[Named]:
    for index, catalog in enumerate(enterprise.catalogs):
        yield f"catalogs[{index}].uuid", catalog.uuid


def _subsidies(enterprise: EnterpriseForm) -> Iterator[Named]:
    for index, subsidy in enumerate(enterprise.subsidies):
        yield f"subsidies[{index}].uuid", subsidy.uuid


def _deposits(enterprise: EnterpriseForm) -> Iterator[Named]:
    for index, subsidy in enumerate(enterprise.subsidies):
        for number, deposit in enumerate(subsidy.deposits):
            yield f"subsidies[{index}].deposits[{number}].uuid", deposit.uuid
        for number, adjustment in enumerate(subsidy.adjustments):
            yield f"subsidies[{index}].adjustments[{number}].uuid", adjustment.uuid


def _policies(enterprise: EnterpriseForm) -> Iterator[Named]:
    for index, policy in enumerate(enterprise.policies):
        yield f"policies[{index}].uuid", policy.uuid


def _configurations(enterprise: EnterpriseForm) -> Iterator[Named]:
    for index, policy in enumerate(enterprise.policies):
        if policy.assignment_configuration is not None:
            path = f"policies[{index}].assignment_configuration.uuid"
            yield path, policy.assignment_configuration.uuid


def _webhooks(enterprise: EnterpriseForm) -> Iterator[Named]:
    for index, webhook in enumerate(enterprise.webhooks):
        yield f"webhooks[{index}].uuid", webhook.uuid


def _groups(enterprise: EnterpriseForm) -> Iterator[Named]:
    for index, group in enumerate(enterprise.groups):
        yield f"groups[{index}].uuid", group.uuid


def _group_references(enterprise: EnterpriseForm) -> Iterator[Named]:
    for index, policy in enumerate(enterprise.policies):
        for number, uuid in enumerate(policy.groups):
            yield f"policies[{index}].groups[{number}]", uuid


def _catalog_references(enterprise: EnterpriseForm) -> Iterator[Named]:
    for index, policy in enumerate(enterprise.policies):
        if policy.catalog_uuid is not None:
            yield f"policies[{index}].catalog_uuid", policy.catalog_uuid
    for index, plan in enumerate(enterprise.subscription_plans):
        if plan.enterprise_catalog_uuid is not None:
            path = f"subscription_plans[{index}].enterprise_catalog_uuid"
            yield path, plan.enterprise_catalog_uuid


def _subsidy_references(enterprise: EnterpriseForm) -> Iterator[Named]:
    for index, policy in enumerate(enterprise.policies):
        if policy.subsidy_uuid is not None:
            yield f"policies[{index}].subsidy_uuid", policy.subsidy_uuid


_Names = Callable[[EnterpriseForm], Iterator[Named]]


_DECLARATIONS: Final[dict[OwnersOf, _Names]] = {
    owners_of_endpoints: _webhooks,
    owners_of_groups: _groups,
    enterprises_of: _catalogs,
    owners_of_subsidies: _subsidies,
    owners_of_ledger_entries: _deposits,
    owners_of_policies: _policies,
    owners_of_configurations: _configurations,
}
_REFERENCES: Final[dict[OwnersOf, tuple[str, _Names]]] = {
    enterprises_of: ("catalog", _catalog_references),
    owners_of_subsidies: ("subsidy", _subsidy_references),
    owners_of_groups: ("group", _group_references),
}


def _declared(enterprises: Sequence[EnterpriseForm], kind: OwnersOf) -> dict[UUID, UUID]:
    """The enterprise of each object, as the manifests declare it."""
    named = _DECLARATIONS[kind]
    return {uuid: enterprise.uuid for enterprise in enterprises for _, uuid in named(enterprise)}


def _stored(session: Session, enterprises: Sequence[EnterpriseForm]) -> Stored:
    slugs = {enterprise.slug for enterprise in enterprises}
    owners = {kind: _owners(session, kind, enterprises) for kind in _DECLARATIONS}
    return Stored(owners_of_slugs(session, slugs), owners)


def _owners(
    session: Session, kind: OwnersOf, enterprises: Sequence[EnterpriseForm]
) -> dict[UUID, UUID]:
    readers = [_DECLARATIONS[kind]]
    if kind in _REFERENCES:
        readers.append(_REFERENCES[kind][1])
    uuids = {
        uuid for enterprise in enterprises for named in readers for _, uuid in named(enterprise)
    }
    return kind(session, uuids)
