"""How an enterprise shows itself to its learners, as a manifest says it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from bursar.actors import Actor
from bursar.claims.looks import Look, look_of
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.provisioning.apply import apply
from bursar.provisioning.export import export
from bursar.provisioning.manifest import from_data
from bursar.provisioning.problems import ManifestError
from testing.worlds.catalog import ENTERPRISE

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ACTOR = Actor("bursar apply")
WISHES: dict[str, Any] = {
    "logo": "https://cdn.example.org/acme.png?size=2",
    "accent": "#7A1F5C",
    "language": "pt-br",
    "timezone": "Europe/Madrid",
    "ask_consent": True,
    "consent_text": "We see\nhow far you are.",
}


def manifest(**fields: Any) -> dict[str, Any]:
    named = {"uuid": str(ENTERPRISE), "name": "Acme", "slug": "acme"}
    return {"enterprises": [named | fields]}


def applied(database: Database, **fields: Any) -> str:
    with database.transaction() as session:
        plan = apply(session, ACTOR, [from_data(manifest(**fields))], now=NOW)
    return str(plan.summary)


def look(database: Database) -> Look:
    with database.read() as connection:
        return look_of(connection, ENTERPRISE)


def test_it_is_declared_changed_and_left_alone(database: Database) -> None:
    assert applied(database) == "1 created, 0 changed, 0 unchanged"
    assert look(database) == Look()
    assert applied(database, **WISHES) == "0 created, 1 changed, 0 unchanged"
    wished = Look(**(WISHES | {"accent": "#7a1f5c", "language": "pt-BR"}))
    assert look(database) == wished
    assert applied(database, **WISHES) == "0 created, 0 changed, 1 unchanged"
    assert applied(database) == "0 created, 0 changed, 1 unchanged"
    assert applied(database, logo=None, ask_consent=False) == "0 created, 1 changed, 0 unchanged"
    assert (look(database).logo, look(database).accent) == (None, "#7a1f5c")


def test_what_is_exported_can_be_applied_again(database: Database) -> None:
    applied(database, **WISHES)
    with database.transaction() as session:
        exported = export(session, ENTERPRISE)
    assert exported["enterprises"][0]["consent_text"] == WISHES["consent_text"]
    with database.transaction() as session:
        plan = apply(session, ACTOR, [from_data(exported)], now=NOW)
    assert plan.summary == "0 created, 0 changed, 1 unchanged"


def test_the_change_is_told(database: Database) -> None:
    applied(database, accent="#000000")
    applied(database, accent="#ffffff")
    with database.read() as connection:
        told = connection.scalars(
            select(EventRecord.changes)
            .where(EventRecord.type == "enterprise.look_changed")
            .order_by(EventRecord.id)
        ).all()
    assert [list(changes) for changes in told] == [["accent"], ["accent"]]
    assert "#ffffff" in str(told[1])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("logo", "http://cdn.example.org/a.png"),
        ("logo", "https://user:secret@cdn.example.org/a.png"),
        ("logo", "https://cdn.example.org/a.png; script-src *"),
        ("logo", "javascript:alert(1)"),
        ("logo", "https://"),
        ("logo", "https://[::1"),
        ("accent", "red"),
        ("accent", "#fff"),
        ("accent", "#7a1f5c; }"),
        ("accent", "#7a1f5c\n"),
        ("language", "tlh"),
        ("language", "../de"),
        ("language", ""),
        ("timezone", "Mars/Olympus"),
        ("timezone", "/etc/passwd"),
        ("timezone", "../UTC"),
        ("ask_consent", "yes"),
        ("consent_text", ""),
        ("consent_text", "a" * 5_001),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(field: str, value: object) -> None:
    with pytest.raises(ManifestError) as refused:
        from_data(manifest(**{field: value}))
    (problem,) = refused.value.problems
    assert str(problem).startswith(f"enterprises[0].{field}: ")
