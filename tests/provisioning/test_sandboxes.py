"""Whether an enterprise is a sandbox, as a manifest says it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.identity.service import get_enterprise
from bursar.provisioning.apply import apply
from bursar.provisioning.export import export
from bursar.provisioning.manifest import from_data
from bursar.provisioning.problems import ManifestError
from testing.worlds.catalog import ENTERPRISE

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def applied(database: Database, **fields: Any) -> str:
    named = {"uuid": str(ENTERPRISE), "name": "Acme", "slug": "acme"}
    with database.transaction() as session:
        manifest = from_data({"enterprises": [named | fields]})
        return str(apply(session, Actor("bursar apply"), [manifest], now=NOW).summary)


def is_sandbox(database: Database) -> bool:
    with database.transaction() as session:
        return get_enterprise(session, ENTERPRISE).is_sandbox


def exported(database: Database) -> dict[str, Any]:
    with database.transaction() as session:
        enterprise: dict[str, Any] = export(session, ENTERPRISE)["enterprises"][0]
    return enterprise


@pytest.mark.parametrize("declared", [{}, {"sandbox": False}])
def test_an_enterprise_is_none_unless_it_is_declared(
    database: Database, declared: dict[str, Any]
) -> None:
    assert applied(database, **declared) == "1 created, 0 changed, 0 unchanged"
    assert not is_sandbox(database)
    assert "sandbox" not in exported(database)


def test_a_sandbox_stays_one(database: Database) -> None:
    assert applied(database, sandbox=True) == "1 created, 0 changed, 0 unchanged"
    assert is_sandbox(database)
    assert (
        applied(database) == applied(database, sandbox=True) == "0 created, 0 changed, 1 unchanged"
    )
    assert is_sandbox(database)
    assert exported(database)["sandbox"] is True


@pytest.mark.parametrize("first", [True, False])
def test_neither_becomes_the_other(database: Database, *, first: bool) -> None:
    applied(database, sandbox=first)
    with pytest.raises(ManifestError) as refused:
        applied(database, sandbox=not first, name="Acme of tomorrow")
    (line,) = refused.value.problems
    assert line.endswith(
        "enterprises[0].sandbox: cannot change: it is said when the enterprise is created"
    )
    assert is_sandbox(database) is first
    assert exported(database)["name"] == "Acme"
