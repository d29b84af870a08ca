from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import bindparam, insert
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.catalogs.models import Catalog
from bursar.database.engine import Database
from bursar.identity import service
from bursar.identity.gate import DatabaseGate
from bursar.identity.models import ApiClient, Enterprise
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from bursar.tenancy import NotAuthenticated, Owned, Principal
from bursar.web.gate import Gate
from testing.databases.statements import statements_of

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ACTOR = Actor("operator")
ACME, GLOBEX, INITECH = uuid4(), uuid4(), uuid4()
ACME_CATALOG, INITECH_CATALOG = uuid4(), uuid4()


@dataclass(frozen=True)
class CatalogTarget:
    enterprise_uuid: UUID
    uuid: UUID
    role: str


@dataclass(frozen=True)
class EnterpriseTarget:
    enterprise_uuid: UUID
    slug: str


@dataclass(frozen=True)
class CatalogOfEnterprise:
    enterprise_uuid: UUID
    uuid: UUID
    slug: str


CATALOG = Owned(
    CatalogTarget,
    source=Catalog.__table__,
    enterprise=Catalog.__table__.c.enterprise_uuid,
    condition=Catalog.__table__.c.uuid == bindparam("catalog_uuid"),
    columns=(Catalog.__table__.c.uuid, Catalog.__table__.c.title.label("role")),
)
NAMED_ENTERPRISE = Owned(
    EnterpriseTarget,
    source=Enterprise.__table__,
    enterprise=Enterprise.__table__.c.uuid,
    condition=Enterprise.__table__.c.uuid == bindparam("enterprise_uuid"),
    columns=(Enterprise.__table__.c.slug,),
)
CATALOG_WITH_ENTERPRISE = Owned(
    CatalogOfEnterprise,
    source=Catalog.__table__.join(
        Enterprise.__table__, Enterprise.__table__.c.uuid == Catalog.__table__.c.enterprise_uuid
    ),
    enterprise=Catalog.__table__.c.enterprise_uuid,
    condition=Catalog.__table__.c.uuid == bindparam("catalog_uuid"),
    columns=(Catalog.__table__.c.uuid, Enterprise.__table__.c.slug),
)


Target = TypeVar("Target")


@pytest.fixture
def gate(database: Database) -> Gate:
    with database.transaction() as session:
        for uuid, slug in ((ACME, "acme"), (GLOBEX, "globex"), (INITECH, "initech")):
            declared = service.DeclaredEnterprise(uuid=uuid, name=slug.title(), slug=slug)
            service.put_enterprise(session, ACTOR, declared, at=NOW)
        grant(session, "client", ACME, "admin")
        grant(session, "client", GLOBEX, "reporting")
        grant(session, "gone", ACME, "admin")
        service.disable_client(session, ACTOR, "gone", at=NOW)
        session.execute(
            insert(ApiClient).values(uuid=uuid4(), client_id="without-grants", created_at=NOW)
        )
        for uuid, enterprise in ((ACME_CATALOG, ACME), (INITECH_CATALOG, INITECH)):
            add_catalog(session, uuid, enterprise)
    return DatabaseGate(KeyRing(database, Settings()))


def grant(session: Session, client_id: str, enterprise: UUID, role: str) -> None:
    service.put_client(
        session,
        ACTOR,
        service.DeclaredClient(client_id=client_id, enterprise_uuid=enterprise, role=role),
        at=NOW,
    )


def add_catalog(session: Session, uuid: UUID, enterprise: UUID) -> None:
    session.execute(
        insert(Catalog).values(
            uuid=uuid,
            enterprise_uuid=enterprise,
            title="All courses",
            query_since=NOW,
            include_exec_ed_2u_courses=False,
            created_at=NOW,
            modified_at=NOW,
        )
    )


def admit(database: Database, gate: Gate, client_id: str) -> Principal:
    with database.read() as connection:
        return gate.admit(connection, client_id)


def admit_to(
    database: Database, gate: Gate, owned: Owned[Target], client_id: str = "client", **path: UUID
) -> tuple[Principal, Target | None]:
    with database.read() as connection:
        return gate.admit_to(connection, client_id, owned, path)


def test_a_client_is_admitted_with_its_roles(database: Database, gate: Gate) -> None:
    expected = Principal("client", {ACME: "admin", GLOBEX: "reporting"})
    assert admit(database, gate, "client") == expected
    assert admit_to(database, gate, CATALOG, catalog_uuid=uuid4())[0] == expected


def test_a_client_without_grants_is_a_principal_without_roles(
    database: Database, gate: Gate
) -> None:
    assert admit(database, gate, "without-grants") == Principal("without-grants", {})
    admitted = admit_to(database, gate, CATALOG, "without-grants", catalog_uuid=ACME_CATALOG)
    assert admitted == (Principal("without-grants", {}), None)


@pytest.mark.parametrize("client_id", ["gone", "unknown", ""])
def test_a_client_that_is_gone_or_disabled_is_refused(
    database: Database, gate: Gate, client_id: str
) -> None:
    with pytest.raises(NotAuthenticated, match="inactive or deleted"):
        admit(database, gate, client_id)
    with pytest.raises(NotAuthenticated, match="inactive or deleted"):
        admit_to(database, gate, CATALOG, client_id, catalog_uuid=ACME_CATALOG)


def test_an_object_of_the_clients_enterprise_is_found_with_its_columns(
    database: Database, gate: Gate
) -> None:
    _, row = admit_to(database, gate, CATALOG, catalog_uuid=ACME_CATALOG)
    assert row is not None
    assert (row.uuid, row.enterprise_uuid, row.role) == (ACME_CATALOG, ACME, "All courses")


def test_an_enterprise_can_be_the_object_itself(database: Database, gate: Gate) -> None:
    _, row = admit_to(database, gate, NAMED_ENTERPRISE, enterprise_uuid=GLOBEX)
    assert row is not None
    assert (row.enterprise_uuid, row.slug) == (GLOBEX, "globex")
    assert admit_to(database, gate, NAMED_ENTERPRISE, enterprise_uuid=INITECH)[1] is None


def test_an_object_can_span_several_tables(database: Database, gate: Gate) -> None:
    _, row = admit_to(database, gate, CATALOG_WITH_ENTERPRISE, catalog_uuid=ACME_CATALOG)
    assert row is not None
    assert (row.uuid, row.slug, row.enterprise_uuid) == (ACME_CATALOG, "acme", ACME)


def test_another_enterprises_object_looks_exactly_like_an_unknown_one(
    database: Database, gate: Gate
) -> None:
    with statements_of(database) as foreign:
        theirs = admit_to(database, gate, CATALOG, catalog_uuid=INITECH_CATALOG)
    with statements_of(database) as unknown:
        nobodys = admit_to(database, gate, CATALOG, catalog_uuid=uuid4())
    assert theirs == nobodys
    assert theirs[1] is None
    assert len(foreign) == 1
    assert foreign == unknown


def test_admission_is_one_statement_and_path_parameters_may_have_any_name(
    database: Database, gate: Gate
) -> None:
    with statements_of(database) as seen:
        admit(database, gate, "client")
        path: dict[str, str | UUID] = {
            "catalog_uuid": ACME_CATALOG,
            "client_id": "another",
            "unused": "1",
        }
        with database.read() as connection:
            principal, row = gate.admit_to(connection, "client", CATALOG, path)
    assert len(seen) == 2
    assert principal.client_id == "client"
    assert row is not None


def test_a_token_works_until_its_client_is_disabled(database: Database) -> None:
    ring = KeyRing(database, Settings())
    gate = DatabaseGate(ring)
    with database.transaction() as session:
        declared = service.DeclaredEnterprise(uuid=ACME, name="Acme", slug="acme")
        service.put_enterprise(session, ACTOR, declared, at=NOW)
        grant(session, "client", ACME, "admin")
    token, _ = ring.issue("client", {ACME: "admin"})
    assert admit(database, gate, gate.verify(token)).may_write(ACME)
    with database.transaction() as session:
        service.disable_client(session, ACTOR, "client", at=NOW)
    with pytest.raises(NotAuthenticated):
        admit(database, gate, gate.verify(token))
