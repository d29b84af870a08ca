from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.events.models import EventRecord
from bursar.identity import authentication, service
from bursar.identity.models import ClientSecret
from bursar.identity.service import (
    ClientExists,
    ClientSummary,
    CreateClient,
    DeclarationOutcome,
    InvalidClientId,
    SlugTaken,
    UnknownClient,
    UnknownEnterprise,
)
from testing.together import at_once

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ACME, GLOBEX = uuid4(), uuid4()
ACTOR = Actor("operator", "request-1")


@pytest.fixture(autouse=True)
def _two_enterprises(database: Database) -> None:
    put_enterprise(database, ACME, name="Acme", slug="acme")
    put_enterprise(database, GLOBEX, name="Globex", slug="globex")


def put_enterprise(
    database: Database, uuid: UUID, now: datetime = NOW, **fields: Any
) -> DeclarationOutcome:
    with database.transaction() as session:
        return service.put_enterprise(
            session, ACTOR, service.DeclaredEnterprise(uuid=uuid, **fields), at=now
        )


def put_client(
    database: Database,
    client_id: str = "acme-integration",
    *,
    enterprise: UUID = ACME,
    role: str = "admin",
    secret: str | None = "first",
    now: datetime = NOW,
) -> DeclarationOutcome:
    with database.transaction() as session:
        return service.put_client(
            session,
            ACTOR,
            service.DeclaredClient(
                client_id=client_id, enterprise_uuid=enterprise, role=role, secret=secret
            ),
            at=now,
        )


def rotate(database: Database, client_id: str = "acme-integration", now: datetime = LATER) -> str:
    with database.transaction() as session:
        return service.rotate_secret(session, ACTOR, client_id, at=now)


def clients(database: Database, enterprise: UUID | None = None) -> dict[str, ClientSummary]:
    with database.transaction() as session:
        found = service.list_clients(session, enterprise)
    return {client.client_id: client for client in found}


def opens(database: Database, secret: str, client_id: str = "acme-integration") -> bool:
    with database.read() as connection:
        credentials = service.find_credentials(connection, client_id)
    return service.authenticate(credentials, secret)


def news(database: Database, enterprise: UUID | None) -> list[AnyRow]:
    """The events of an enterprise, in their order."""
    with database.read() as connection:
        event = EventRecord.__table__.c
        mine = select(*event).where(event.enterprise_uuid == enterprise).order_by(event.id)
        return list(connection.execute(mine))


def trail(database: Database, enterprise: UUID | None) -> list[tuple[str, str]]:
    return [(event.type, event.object_id) for event in news(database, enterprise)]


def test_a_client_is_created_once_and_then_unchanged(database: Database) -> None:
    assert put_client(database) == "created"
    assert put_client(database, now=LATER) == "unchanged"
    assert clients(database) == {
        "acme-integration": ClientSummary("acme-integration", NOW, None, 1, {ACME: "admin"}, None)
    }
    assert opens(database, "first")


def test_an_unchanged_client_leaves_no_trace(database: Database) -> None:
    put_client(database)
    before = trail(database, ACME)
    put_client(database)
    put_client(database, secret=None)
    assert trail(database, ACME) == before


def test_another_secret_replaces_all_that_were_there(database: Database) -> None:
    put_client(database)
    rotated = rotate(database)
    assert put_client(database, secret="second", now=LATER) == "changed"
    assert opens(database, "second")
    assert not opens(database, "first")
    assert not opens(database, rotated)


def test_a_secret_that_is_still_live_changes_nothing(database: Database) -> None:
    put_client(database)
    rotated = rotate(database)
    assert put_client(database, secret="first") == "unchanged"
    assert opens(database, "first")
    assert opens(database, rotated)


def test_no_secret_leaves_the_stored_one_alone(database: Database) -> None:
    put_client(database)
    assert put_client(database, role="reporting", secret=None) == "changed"
    assert opens(database, "first")
    assert clients(database)["acme-integration"].roles == {ACME: "reporting"}


def test_one_client_acts_for_several_enterprises(database: Database) -> None:
    put_client(database)
    assert put_client(database, enterprise=GLOBEX, role="reporting") == "created"
    roles = {ACME: "admin", GLOBEX: "reporting"}
    assert clients(database)["acme-integration"].roles == roles
    with database.read() as connection:
        credentials = service.find_credentials(connection, "acme-integration")
        assert credentials is not None
        assert service.find_roles(connection, credentials.client_uuid) == roles


def test_clients_are_listed_for_one_enterprise_or_for_all(database: Database) -> None:
    put_client(database, "b")
    put_client(database, "a", enterprise=GLOBEX)
    assert list(clients(database)) == ["a", "b"]
    assert list(clients(database, ACME)) == ["b"]
    assert list(clients(database, uuid4())) == []


@pytest.mark.parametrize("client_id", ["", "x" * 256, "nul\x00", "line\nbreak"])
def test_a_client_id_that_cannot_be_typed_is_refused(database: Database, client_id: str) -> None:
    with pytest.raises(InvalidClientId):
        put_client(database, client_id)


def test_an_unknown_role_is_refused_and_nothing_is_kept(database: Database) -> None:
    with pytest.raises(ValueError, match="owner"):
        put_client(database, role="owner")
    assert clients(database) == {}


def test_a_created_client_gets_a_secret_that_works(database: Database) -> None:
    def create(enterprise: UUID) -> str:
        with database.transaction() as session:
            return service.create_client(
                session,
                ACTOR,
                service.CreateClient(client_id="new", enterprise_uuid=enterprise, role="admin"),
                at=NOW,
            )

    assert opens(database, create(ACME), "new")
    with pytest.raises(ClientExists):
        create(GLOBEX)
    with pytest.raises(UnknownEnterprise):
        create(uuid4())


def test_of_two_enterprises_that_take_an_id_at_once_one_gets_it(database: Database) -> None:
    def taking(enterprise: UUID) -> Callable[[], str | None]:
        def take() -> str | None:
            command = CreateClient(client_id="same", enterprise_uuid=enterprise, role="admin")
            try:
                with database.transaction() as session:
                    return service.create_client(session, ACTOR, command, at=NOW)
            except ClientExists:
                return None

        return take

    secrets = at_once([taking(ACME), taking(GLOBEX)])
    (secret,) = [each for each in secrets if each is not None]
    assert opens(database, secret, "same")
    assert clients(database)["same"].secrets == 1
    assert len(clients(database)["same"].roles) == 1


def test_rotation_keeps_the_two_newest_secrets_even_in_one_instant(database: Database) -> None:
    put_client(database, now=NOW)
    second, third = rotate(database, now=NOW), rotate(database, now=NOW)
    assert [opens(database, secret) for secret in ("first", second, third)] == [False, True, True]
    assert clients(database)["acme-integration"].secrets == 2


def test_secrets_are_stored_hashed_and_never_in_the_trail(database: Database) -> None:
    put_client(database, secret="open sesame")
    rotated = rotate(database)
    with database.read() as connection:
        hashes = connection.scalars(select(ClientSecret.secret_hash)).all()
        entries = str(connection.execute(select(EventRecord.__table__)).all())
    assert all(hashed.startswith("$argon2id$") for hashed in hashes)
    assert not any(text in entries for text in ("open sesame", rotated, *hashes))


def test_a_disabled_client_is_nobody_until_it_is_enabled(database: Database) -> None:
    put_client(database)
    with database.transaction() as session:
        assert service.disable_client(session, ACTOR, "acme-integration", at=LATER)
        assert not service.disable_client(session, ACTOR, "acme-integration", at=LATER)
    assert not opens(database, "first")
    assert clients(database)["acme-integration"].disabled_at == LATER
    with database.transaction() as session:
        assert service.enable_client(session, ACTOR, "acme-integration")
        assert not service.enable_client(session, ACTOR, "acme-integration")
    assert opens(database, "first")


def test_an_unknown_client_cannot_be_managed(database: Database) -> None:
    with pytest.raises(UnknownClient):
        rotate(database, "nobody")
    with database.transaction() as session:
        with pytest.raises(UnknownClient):
            service.disable_client(session, ACTOR, "nobody", at=NOW)
        with pytest.raises(UnknownClient):
            service.enable_client(session, ACTOR, "nobody")


def test_every_change_of_a_client_is_in_the_trail_of_its_enterprises(database: Database) -> None:
    put_client(database)
    put_client(database, enterprise=GLOBEX)
    put_client(database, role="reporting", secret="second")
    rotate(database)
    with database.transaction() as session:
        service.disable_client(session, ACTOR, "acme-integration", at=LATER)
        service.enable_client(session, ACTOR, "acme-integration")
    shared = ["client.secret_replaced", "client.secret_rotated"]
    shared += ["client.disabled", "client.enabled"]
    mine = [action for action, object_id in trail(database, ACME) if object_id != str(ACME)]
    theirs = [action for action, object_id in trail(database, GLOBEX) if object_id != str(GLOBEX)]
    assert mine == ["client.created", "client.granted", "client.role_changed", *shared]
    assert theirs == ["client.granted", *shared]


def test_an_event_of_a_client_tells_old_and_new_values_to_one_enterprise(
    database: Database,
) -> None:
    put_client(database)
    put_client(database, enterprise=GLOBEX, role="reporting")
    put_client(database, role="reporting", now=LATER)
    with database.transaction() as session:
        service.disable_client(session, ACTOR, "acme-integration", at=LATER)
    created, granted, changed, disabled = news(database, ACME)[1:]
    assert created.changes == {"client_id": [None, "acme-integration"]}
    assert granted.changes == {"role": [None, "admin"]}
    assert changed.changes == {"role": ["admin", "reporting"]}
    assert disabled.changes == {"disabled": [None, "2026-05-02T12:00:00Z"]}
    assert [each.version for each in (created, granted)] == [1, 2]
    assert (disabled.actor, disabled.request_id) == ("operator", "request-1")
    assert disabled.data == {
        "client_id": "acme-integration",
        "enterprise_customer_uuid": str(ACME),
        "role": "reporting",
        "created": "2026-05-01T12:00:00Z",
        "disabled": "2026-05-02T12:00:00Z",
    }
    assert {each.data["enterprise_customer_uuid"] for each in news(database, GLOBEX)[1:]} == {
        str(GLOBEX)
    }


def test_an_event_of_an_enterprise_tells_old_and_new_values(database: Database) -> None:
    put_enterprise(database, ACME, now=LATER, name="Acme", slug="acme-inc", country="US")
    created, changed = news(database, ACME)
    assert created.changes == {"name": [None, "Acme"], "slug": [None, "acme"]}
    assert changed.changes == {"slug": ["acme", "acme-inc"], "country": [None, "US"]}
    assert (changed.data["slug"], changed.data["country"]) == ("acme-inc", "US")
    assert (changed.data["modified"], changed.version) == ("2026-05-02T12:00:00Z", 2)


def test_a_wrong_secret_costs_the_same_whoever_is_asked(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_client(database, "one-secret")
    put_client(database, "two-secrets")
    rotate(database, "two-secrets")
    put_client(database, "no-secret", secret=None)
    put_client(database, "disabled")
    with database.transaction() as session:
        service.disable_client(session, ACTOR, "disabled", at=NOW)
    spent: list[str] = []
    monkeypatch.setattr(authentication, "burn_time", lambda: spent.append("burnt"))

    def refuse(_hashed: str, _secret: str) -> bool:
        spent.append("verified")
        return False

    monkeypatch.setattr(authentication, "verify_secret", refuse)
    costs = []
    for client_id in ("one-secret", "two-secrets", "no-secret", "disabled", "unknown"):
        spent.clear()
        assert not opens(database, "wrong", client_id)
        costs.append(len(spent))
    assert costs == [2, 2, 2, 2, 2]


def test_an_enterprise_is_created_changed_and_left_alone(database: Database) -> None:
    uuid = uuid4()
    fields: dict[str, Any] = {
        "name": "Initech",
        "slug": "initech",
        "contact_email": " Learning@Initech.example ",
    }
    assert put_enterprise(database, uuid, **fields) == "created"
    assert put_enterprise(database, uuid, now=LATER, **fields) == "unchanged"
    assert put_enterprise(database, uuid, now=LATER, country="DE") == "changed"
    with database.transaction() as session:
        enterprise = service.get_enterprise(session, uuid)
    assert enterprise.name == "Initech"
    assert enterprise.contact_email == "learning@initech.example"
    assert enterprise.country == "DE"
    assert (enterprise.created, enterprise.modified) == (NOW, LATER)
    assert trail(database, uuid) == [
        ("enterprise.created", str(uuid)),
        ("enterprise.changed", str(uuid)),
    ]


def test_two_ways_to_write_an_accent_are_one_address(database: Database) -> None:
    assert put_enterprise(database, ACME, contact_email="jos\u00e9@acme.example") == "changed"
    assert put_enterprise(database, ACME, contact_email="jose\u0301@acme.example") == "unchanged"


def test_an_explicit_null_empties_a_field(database: Database) -> None:
    put_enterprise(database, ACME, country="US")
    assert put_enterprise(database, ACME, country=None) == "changed"
    with database.transaction() as session:
        assert service.get_enterprise(session, ACME).country is None


def test_a_slug_belongs_to_one_enterprise_and_the_transaction_goes_on(database: Database) -> None:
    uuid = uuid4()
    with database.transaction() as session:
        for taken in (uuid, GLOBEX):
            with pytest.raises(SlugTaken) as refused:
                service.put_enterprise(
                    session,
                    ACTOR,
                    service.DeclaredEnterprise(uuid=taken, name="New", slug="acme"),
                    at=NOW,
                )
            assert refused.value.slug == "acme"
        service.put_enterprise(
            session, ACTOR, service.DeclaredEnterprise(uuid=uuid, name="New", slug="new"), at=NOW
        )
    with database.transaction() as session:
        found = service.find_enterprises(session.connection(), [ACME, GLOBEX, uuid])
    listed = sorted((one.slug, one.name) for one in found.values())
    assert listed == [("acme", "Acme"), ("globex", "Globex"), ("new", "New")]


def test_a_new_enterprise_needs_name_and_slug(database: Database) -> None:
    with pytest.raises(ValueError, match="name, slug"):
        put_enterprise(database, uuid4(), country="US")
    with pytest.raises(TypeError, match="colour"):
        put_enterprise(database, ACME, colour="red")


def test_an_unknown_enterprise_is_not_found(database: Database) -> None:
    with database.transaction() as session:
        assert service.find_enterprises(session.connection(), [uuid4()]) == {}
        with pytest.raises(UnknownEnterprise):
            service.get_enterprise(session, uuid4())
