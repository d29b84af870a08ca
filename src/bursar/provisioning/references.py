"""What manifests refer to, and what they must not take from each other, asked of the database."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.catalog.models import Catalog
from bursar.identity.models import Enterprise
from bursar.provisioning.forms import EnterpriseForm
from bursar.provisioning.manifest import Manifest
from bursar.provisioning.problems import problem

# SQLite allows 32,766 parameters in a statement; far fewer keep it quick to compile.
_BATCH: Final = 1000

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Stored:
    slugs: dict[str, UUID]
    """Whose each slug is."""
    catalogs: dict[UUID, UUID]
    """Whose each catalog is."""


def placed_enterprises(manifests: Sequence[Manifest]) -> Iterator[tuple[str, EnterpriseForm]]:
    for manifest in manifests:
        for index, enterprise in enumerate(manifest.enterprises):
            yield f"{manifest.prefix}enterprises[{index}]", enterprise


def reference_problems(session: Session, manifests: Sequence[Manifest]) -> list[str]:
    enterprises = list(placed_enterprises(manifests))
    stored = _stored(session, [enterprise for _, enterprise in enterprises])
    renamed = {enterprise.uuid: enterprise.slug for _, enterprise in enterprises}
    owned = stored.catalogs | {
        catalog.uuid: enterprise.uuid
        for _, enterprise in enterprises
        for catalog in enterprise.catalogs
    }
    return [
        line
        for place, enterprise in enterprises
        for line in (
            *_taken_slug(place, enterprise, stored.slugs, renamed),
            *_foreign_catalogs(place, enterprise, stored.catalogs),
            *_unknown_catalogs(place, enterprise, owned),
        )
    ]


def _taken_slug(
    place: str, enterprise: EnterpriseForm, slugs: dict[str, UUID], renamed: dict[UUID, str]
) -> Iterator[str]:
    holder = slugs.get(enterprise.slug, enterprise.uuid)
    gives_it_up = renamed.get(holder, enterprise.slug) != enterprise.slug
    if holder != enterprise.uuid and not gives_it_up:
        yield problem(f"{place}.slug", f"taken by enterprise {holder}")


def _foreign_catalogs(
    place: str, enterprise: EnterpriseForm, catalogs: dict[UUID, UUID]
) -> Iterator[str]:
    for index, catalog in enumerate(enterprise.catalogs):
        if catalogs.get(catalog.uuid, enterprise.uuid) != enterprise.uuid:
            yield problem(f"{place}.catalogs[{index}].uuid", "belongs to another enterprise")


def _unknown_catalogs(
    place: str, enterprise: EnterpriseForm, owned: dict[UUID, UUID]
) -> Iterator[str]:
    for path, uuid in _catalog_references(enterprise):
        if owned.get(uuid) != enterprise.uuid:
            yield problem(f"{place}.{path}", "no such catalog")


def _catalog_references(enterprise: EnterpriseForm) -> Iterator[tuple[str, UUID]]:
    for index, policy in enumerate(enterprise.policies):
        if policy.catalog_uuid is not None:
            yield f"policies[{index}].catalog_uuid", policy.catalog_uuid
    for index, plan in enumerate(enterprise.subscription_plans):
        if plan.enterprise_catalog_uuid is not None:
            path = f"subscription_plans[{index}].enterprise_catalog_uuid"
            yield path, plan.enterprise_catalog_uuid


def _stored(session: Session, enterprises: list[EnterpriseForm]) -> Stored:
    slugs = {enterprise.slug for enterprise in enterprises}
    catalogs = {catalog.uuid for enterprise in enterprises for catalog in enterprise.catalogs}
    catalogs |= {uuid for enterprise in enterprises for _, uuid in _catalog_references(enterprise)}
    return Stored(_owners_of_slugs(session, slugs), _owners_of_catalogs(session, catalogs))


def _owners_of_slugs(session: Session, slugs: Collection[str]) -> dict[str, UUID]:
    return {
        row.slug: row.uuid
        for batch in _batches(slugs)
        for row in session.execute(
            select(Enterprise.slug, Enterprise.uuid).where(Enterprise.slug.in_(batch))
        )
    }


def _owners_of_catalogs(session: Session, uuids: Collection[UUID]) -> dict[UUID, UUID]:
    return {
        row.uuid: row.enterprise_uuid
        for batch in _batches(uuids)
        for row in session.execute(
            select(Catalog.uuid, Catalog.enterprise_uuid).where(Catalog.uuid.in_(batch))
        )
    }


def _batches(values: Collection[Value]) -> Iterator[list[Value]]:
    remaining = iter(values)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
