"""Learning record stores are declared, changed, removed and written out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import select

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.identity.sealing import Seal
from bursar.provisioning.apply import apply
from bursar.provisioning.export import export
from bursar.provisioning.manifest import ManifestError, from_data
from bursar.provisioning.plan import Plan
from bursar.xapi.models import XapiConnection
from bursar.xapi.service import seal_connections_again
from testing.shops.reports import ACME, SECRET

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
LATER: Final = datetime(2026, 3, 2, tzinfo=UTC)
ACTOR: Final = Actor("bursar apply")
ENDPOINT: Final = "https://lrs.acme.example/xAPI"
WHOLE: Final[dict[str, Any]] = {"endpoint": ENDPOINT, "key": "acme", "secret": "only here"}

Apply = Callable[..., Plan]


def manifest(**parts: Any) -> dict[str, Any]:
    return {"enterprises": [{"uuid": ACME, "name": "Acme", "slug": "acme", **parts}]}


@pytest.fixture
def put(database: Database) -> Apply:
    def put(xapi: object, *, at: datetime = NOW, secrets: list[str] | None = None) -> Plan:
        seal = Seal([SECRET] if secrets is None else secrets)
        with database.transaction() as session:
            declared = from_data(manifest(xapi=xapi))
            return apply(session, ACTOR, [declared], now=at, seal=seal)

    return put


def problems(put: Apply, xapi: object, **options: Any) -> list[str]:
    with pytest.raises(ManifestError) as refused:
        put(xapi, **options)
    return refused.value.problems


def stored(database: Database) -> list[XapiConnection]:
    with database.transaction() as session:
        found = list(session.scalars(select(XapiConnection)))
        session.expunge_all()
        return found


def told(database: Database) -> list[tuple[str, Any]]:
    table = EventRecord.__table__.c
    mine = select(table.type, table.changes).where(table.object_type == "xapi_connection")
    with database.read() as connection:
        return [(row.type, row.changes) for row in connection.execute(mine.order_by(table.id))]


def test_a_connection_is_created_changed_left_alone_and_removed(
    database: Database, put: Apply
) -> None:
    assert put(WHOLE).lines[-1] == "+ xapi of acme"
    assert put(WHOLE, at=LATER).summary == "0 created, 0 changed, 2 unchanged"
    (first,) = stored(database)
    assert (first.identity, first.mode, first.verbs) == ("mbox", "live", None)
    assert (first.created_at, first.modified_at) == (NOW, NOW)

    assert put({"mode": "daily", "verbs": ["passed", "registered"]}, at=LATER).lines == [
        "~ xapi of acme"
    ]
    (changed,) = stored(database)
    assert (changed.mode, changed.verbs) == ("daily", ["registered", "passed"])
    assert (changed.uuid, changed.endpoint, changed.secret) == (
        first.uuid, ENDPOINT, first.secret,
    )  # fmt: skip

    assert put(None, at=LATER).lines == ["- xapi of acme"]
    assert put(None, at=LATER).lines == []
    assert stored(database) == []
    kinds = [kind for kind, _ in told(database)]
    assert kinds == [f"xapi_connection.{what}" for what in ("created", "changed", "removed")]


def test_a_manifest_without_it_leaves_it_alone(database: Database, put: Apply) -> None:
    put(WHOLE)
    with database.transaction() as session:
        apply(session, ACTOR, [from_data(manifest())], now=LATER)
    assert len(stored(database)) == 1


def test_the_secret_lies_sealed_and_is_told_nobody(database: Database, put: Apply) -> None:
    put(WHOLE)
    (row,) = stored(database)
    assert "only here" not in row.secret
    assert Seal([SECRET]).open_text(row.secret) == "only here"
    assert "only here" not in str(told(database))
    assert "only here" not in repr(from_data(manifest(xapi=WHOLE)))
    put({"secret": "another"}, at=LATER)
    assert told(database)[-1][1] == {"secret": [None, "changed"]}
    with database.transaction() as session:
        seal_connections_again(session, Seal(["a newer secret", SECRET]))
    (row,) = stored(database)
    assert Seal(["a newer secret"]).open_text(row.secret) == "another"


def test_what_is_written_out_changes_nothing_when_it_is_applied(
    database: Database, put: Apply
) -> None:
    put(WHOLE | {"identity": "account", "verbs": ["passed"]})
    with database.transaction() as session:
        written = export(session, UUID(ACME))
    assert written["enterprises"][0]["xapi"] == {
        "endpoint": ENDPOINT,
        "key": "acme",
        "identity": "account",
        "mode": "live",
        "verbs": ["passed"],
    }
    with database.transaction() as session:
        plan = apply(session, ACTOR, [from_data(written)], now=LATER)
    assert plan.summary == "0 created, 0 changed, 2 unchanged"


@pytest.mark.parametrize(
    ("xapi", "problem"),
    [
        ({}, "endpoint: required"),
        ({"endpoint": ENDPOINT, "key": "acme"}, "secret: required"),
        (WHOLE | {"endpoint": "http://lrs.acme.example"}, "endpoint: Give a URL that begins with"),
        (WHOLE | {"endpoint": "https://127.0.0.1/xAPI"}, "endpoint: This address is not public."),
        (WHOLE | {"endpoint": "https://a:b@lrs.example"}, "endpoint: Leave user name"),
        (WHOLE | {"endpoint": f"{ENDPOINT}?a=1"}, "endpoint: leave out what begins with ?"),
        (WHOLE | {"identity": "name"}, "identity: "),
        (WHOLE | {"verbs": ["danced"]}, "verbs[0]: "),
        (WHOLE | {"verbs": []}, "verbs: "),
        (WHOLE | {"secret": ""}, "secret: "),
        (WHOLE | {"token": "x"}, "token: unknown key"),
        ([], "must be a mapping"),
    ],
)
def test_what_is_wrong_is_named(put: Apply, xapi: object, problem: str) -> None:
    found = problems(put, xapi)
    assert any(f"enterprises[0].xapi.{problem}" in line or problem in line for line in found)


def test_without_a_secret_of_the_installation_it_is_refused(put: Apply) -> None:
    (why,) = problems(put, WHOLE, secrets=[])
    assert why.startswith("enterprises[0].xapi.secret: BURSAR_SECRET_KEY is not set")


@pytest.mark.parametrize("other", [{"endpoint": "https://evil.example"}, {"key": "other"}])
def test_a_secret_is_never_shown_to_another_account(put: Apply, other: dict[str, Any]) -> None:
    put(WHOLE)
    (why,) = problems(put, other, at=LATER)
    assert why.startswith("enterprises[0].xapi.secret: required, because endpoint or key")
    assert put({**other, "secret": "its own"}, at=LATER).summary.startswith("0 created, 1 changed")
