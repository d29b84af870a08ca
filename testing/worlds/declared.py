"""What the worlds of tests, proof and benchmarks declare alike, as manifests do."""

from typing import Any
from uuid import UUID, uuid5

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import from_data
from testing.worlds.contract import Document, catalog, client

BEGINNING, END = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"
"""Of what is open whenever it is looked at."""


def declare(database: Database, *manifests: Document) -> None:
    with database.transaction() as session:
        declared = [from_data(manifest) for manifest in manifests]
        apply(session, Actor("test"), declared, now=clock.now())


def catalog_of(enterprise_uuid: UUID) -> UUID:
    return uuid5(enterprise_uuid, "catalog")


def enterprise(
    uuid: UUID, name: str, client_id: str, secret: str | None = None, **objects: Any
) -> Document:
    """An enterprise that a client administers, with a catalog of all courses."""
    return {
        "uuid": str(uuid),
        "name": name,
        "slug": name.lower(),
        "clients": [client(client_id, "admin", secret)],
        "catalogs": [catalog(catalog_of(uuid), "All", {"content_type": "course"})],
        **objects,
    }


def subsidy(uuid: UUID, deposit_cents: int) -> Document:
    return {
        "uuid": str(uuid),
        "title": "Credit",
        "starting_balance": deposit_cents,
        "active_datetime": BEGINNING,
        "expiration_datetime": END,
    }


def assigned_policy(
    uuid: UUID, subsidy_uuid: UUID, catalog_uuid: UUID, configuration_uuid: UUID, **fields: Any
) -> Document:
    """A budget that assigns, and may."""
    return {
        "uuid": str(uuid),
        "policy_type": "AssignedLearnerCreditAccessPolicy",
        "display_name": "Budget",
        "catalog_uuid": str(catalog_uuid),
        "subsidy_uuid": str(subsidy_uuid),
        "assignment_configuration": {"uuid": str(configuration_uuid), "active": True},
        **fields,
    }


def plan(uuid: UUID, catalog_uuid: UUID, licenses: int, title: str = "Plan") -> Document:
    return {
        "uuid": str(uuid),
        "title": title,
        "start_date": BEGINNING,
        "expiration_date": END,
        "enterprise_catalog_uuid": str(catalog_uuid),
        "num_licenses": licenses,
    }
