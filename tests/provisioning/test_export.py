from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.identity.service import UnknownEnterprise
from bursar.provisioning.apply import apply
from bursar.provisioning.export import export, to_yaml
from bursar.provisioning.manifest import from_data
from bursar.provisioning.reading import parse_data

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 2, tzinfo=UTC)
ACTOR = Actor("bursar apply")
ACME = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"
CATALOG = "101989c0-5dfa-4e0b-91dc-01f590148c6f"
EMPTY_CATALOG = "00000000-0000-4000-8000-000000000002"

MANIFEST: dict[str, Any] = {
    "enterprises": [
        {
            "uuid": ACME,
            "name": "Acme: “Norge”",
            "slug": "acme",
            "country": "NO",
            "contact_email": None,
            "clients": [
                {"client_id": "a", "role": "admin"},
                {"client_id": "b", "role": "reporting"},
            ],
            "catalogs": [
                {
                    "uuid": CATALOG,
                    "title": "2026-01-01",
                    "content_filter": {"content_type": ["course"], "start__gte": "2026-01-01"},
                    "query_title": "on",
                    "include_exec_ed_2u_courses": True,
                },
                {
                    "uuid": EMPTY_CATALOG,
                    "title": "",
                    "content_filter": None,
                    "query_title": None,
                    "include_exec_ed_2u_courses": False,
                },
            ],
            "subsidies": [],
            "policies": [],
            "subscription_plans": [],
            "learners": [],
            "enrollments": [],
        }
    ]
}


@pytest.fixture
def acme_database(database: Database) -> Database:
    for number, at in ((1, NOW), (2, LATER)):
        enterprise = MANIFEST["enterprises"][0]
        catalogs = enterprise["catalogs"][:number]
        part = from_data({"enterprises": [enterprise | {"catalogs": catalogs}]})
        with database.transaction() as session:
            apply(session, ACTOR, [part], now=at)
    return database


def test_an_export_is_what_was_applied_in_the_documented_order(acme_database: Database) -> None:
    with acme_database.transaction() as session:
        exported = export(session, UUID(ACME))

    assert exported == MANIFEST
    assert list(exported["enterprises"][0]) == list(MANIFEST["enterprises"][0])


def test_an_export_applied_again_changes_nothing(acme_database: Database) -> None:
    with acme_database.transaction() as session:
        written = to_yaml(export(session, UUID(ACME)))
    with acme_database.transaction() as session:
        plan = apply(session, ACTOR, [from_data(parse_data(written))], now=LATER)

    assert plan.summary == "0 created, 0 changed, 5 unchanged"


def test_secrets_are_left_out(database: Database) -> None:
    client = {"client_id": "a", "client_secret": "hunter2"}
    enterprise = {"uuid": ACME, "name": "Acme", "slug": "acme", "clients": [client]}
    with database.transaction() as session:
        apply(session, ACTOR, [from_data({"enterprises": [enterprise]})], now=NOW)
        written = to_yaml(export(session, UUID(ACME)))

    assert "client_id: a" in written
    assert "secret" not in written


def test_an_unknown_enterprise_is_refused(database: Database) -> None:
    with database.transaction() as session, pytest.raises(UnknownEnterprise):
        export(session, UUID(ACME))
