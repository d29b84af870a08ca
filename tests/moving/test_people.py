"""People of the console and clients move with what they may do, and nobody gets more by it."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, update

from bursar import clock
from bursar.accounts import service as accounts
from bursar.accounts.commands import Browser
from bursar.accounts.queries import list_people
from bursar.accounts.service import ConsoleRole, Invite
from bursar.identity.service import rotate_secret
from bursar.moving import enterprises
from bursar.moving.tables import table
from testing.worlds.contract import ACME, ADMIN, GLOBEX, GLOBEX_ADMIN
from testing.worlds.declared import declare
from tests.moving.furnishing import ADMIN_OF_ACME, OPERATOR, PASSWORD, VIEWER_OF_BOTH
from tests.moving.world import ACTOR, Origin, Place, grade, lines_of, written

_OTHERS = UUID("00000000-0000-4000-8000-00000000000a")


def people(place: Place, enterprise: UUID | None) -> dict[str, str]:
    with place.database.read() as connection:
        return {each.email: each.role for each in list_people(connection, enterprise)}


def test_everybody_signs_in_as_before(source: Place, other: Place) -> None:
    assert other.adopt(source.dump()).warnings == []
    assert people(other, ACME) == {ADMIN_OF_ACME: "admin", VIEWER_OF_BOTH: "viewer"}
    assert people(other, GLOBEX) == {VIEWER_OF_BOTH: "viewer"}
    assert people(other, None) == {OPERATOR: "operator"}
    assert sign_in(other, OPERATOR)


def sign_in(place: Place, email: str) -> str:
    browser = Browser("127.0.0.1", "none")
    return accounts.sign_in(place.database, email, PASSWORD, browser, at=clock.now())


def test_somebody_who_is_known_stays_who_they_are(source: Place, other: Place) -> None:
    """By another uuid, with a password of their own, and with the role of the other side."""
    with other.database.transaction() as session:
        invited = Invite(VIEWER_OF_BOTH, None, ConsoleRole.OPERATOR)
        accounts.invite(session, ACTOR, invited, at=clock.now())
    before = user(other, VIEWER_OF_BOTH)
    first, again = other.adopt(source.dump(ACME)), other.adopt(source.dump(ACME))
    assert user(other, VIEWER_OF_BOTH) == before
    assert people(other, ACME) == {ADMIN_OF_ACME: "admin", VIEWER_OF_BOTH: "viewer"}
    assert [taken.is_unchanged for taken in (*first.taken, *again.taken)] == [False, True]


def test_a_password_in_the_dump_of_one_enterprise_is_not_taken(
    source: Place, other: Place, tmp_path: Path
) -> None:
    """Somebody has written it there, for an address that may be given other roles here."""
    lines = lines_of(source.dump(ACME))
    forged = [
        line | {"row": line["row"] | {"password_hash": "x"}}
        if line.get("table") == "console_users"
        else line
        for line in lines
    ]
    declare(other.database, {"enterprises": [{"uuid": str(_OTHERS), "name": "O", "slug": "o"}]})
    other.adopt(written(tmp_path / "forged", forged))
    everything = [forged[0] | {"enterprise_uuid": None}, *forged[1:]]
    other.adopt(written(tmp_path / "everything", everything))
    with other.database.read() as connection:
        hashes = connection.scalars(select(table("console_users").c.password_hash)).all()
    assert list(hashes) == [None, None]


def test_a_client_of_somebody_else_is_not_taken_by_a_dump(
    source: Place, other: Place, tmp_path: Path
) -> None:
    """Not even by one that names all enterprises."""
    other.adopt(source.dump(GLOBEX))
    declare(other.database, {"enterprises": [{"uuid": str(_OTHERS), "name": "O", "slug": "o"}]})
    other.read_log()
    lines, clients = lines_of(source.dump()), table("api_clients").c
    here = clients.client_id == GLOBEX_ADMIN
    for name, key, change in (
        ("api_clients", "uuid", {"disabled_at": "2026-01-01T00:00:00Z"}),
        ("client_grants", "client_uuid", {"enterprise_uuid": str(ACME)}),
    ):
        with other.database.read() as connection:
            uuid = str(connection.scalar(select(clients.uuid).where(here)))
        rows = [number for number, line in enumerate(lines) if line.get("table") == name]
        theirs = next(lines[n]["row"] for n in rows if lines[n]["row"][key] == uuid)
        begin = lines.index({"section": "enterprise", "enterprise_uuid": str(ACME)})
        place = next(number for number in rows if number > begin)
        lines.insert(place, {"table": name, "row": theirs | change})
        lines[0]["counts"][name] += 1
    adoption = other.adopt(written(tmp_path / "forged", lines))
    assert [each for each in adoption.warnings if GLOBEX_ADMIN in each]
    with other.database.read() as connection:
        assert connection.scalar(select(clients.disabled_at).where(here)) is None


def user(place: Place, email: str) -> object:
    users = table("console_users")
    with place.database.read() as connection:
        return connection.execute(select(users).where(users.c.email == email)).one()


def test_nobody_comes_to_run_an_installation_that_has_others(source: Place, other: Place) -> None:
    declare(other.database, {"enterprises": [{"uuid": str(_OTHERS), "name": "O", "slug": "o"}]})
    assert not other.adopt(source.dump()).keeps_places
    assert people(other, None) == {}
    with other.database.read() as connection:
        hooks = connection.execute(select(table("lms_hooks").c.enterprise_uuid)).all()
    owners = {each.enterprise_uuid for each in hooks}
    assert ACME in owners
    assert None not in owners


def test_who_lost_a_role_there_loses_it_here(source: Place, other: Place) -> None:
    other.adopt(source.dump())
    grants = table("console_grants")
    with source.database.transaction() as session:
        session.execute(delete(grants).where(grants.c.enterprise_uuid.is_(None)))
        changed = user(source, VIEWER_OF_BOTH).uuid  # type: ignore[attr-defined]
        users = table("console_users")
        session.execute(update(users).where(users.c.uuid == changed).values(password_hash="new"))
    other.adopt(source.dump())
    assert people(other, None) == {}
    with other.database.read() as connection:
        known = connection.execute(select(users.c.email, users.c.password_hash)).all()
    assert {tuple(each) for each in known} == {(ADMIN_OF_ACME, None), (VIEWER_OF_BOTH, "new")}


def test_a_client_of_others_keeps_its_secrets(source: Place) -> None:
    """One customer is restored; the secret that was rotated for the other one since stays."""
    grants, secrets = table("client_grants"), table("client_secrets")
    with source.database.transaction() as session:
        found = session.execute(select(grants).where(grants.c.client_uuid == client(source))).one()
        session.execute(insert(grants).values(**found._asdict() | {"enterprise_uuid": GLOBEX}))
    with source.database.transaction() as session:
        mine = secrets.c.client_uuid == client(source)
        session.execute(update(secrets).where(mine).values(secret_hash="another"))
    grade(source.database, ACME, 0.5)
    later = source.dump(ACME, name="later")
    with source.database.transaction() as session:
        session.execute(update(secrets).where(mine).values(secret_hash="a third"))
    assert source.adopt(later).warnings == [
        f"The client {ADMIN} acts for others here too, and stays as it is."
    ]
    with source.database.read() as connection:
        assert set(connection.scalars(select(secrets.c.secret_hash).where(mine))) == {"a third"}


def test_all_secrets_of_a_client_come_in_whatever_batches(
    source: Place, other: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those of a client that both enterprises bring."""
    grants, secrets = table("client_grants"), table("client_secrets")
    with source.database.transaction() as session:
        found = session.execute(select(grants).where(grants.c.client_uuid == client(source))).one()
        session.execute(insert(grants).values(**found._asdict() | {"enterprise_uuid": GLOBEX}))
        rotate_secret(session, ACTOR, ADMIN)

    def stored(place: Place) -> set[str]:
        mine = select(secrets.c.secret_hash).where(secrets.c.client_uuid == client(source))
        with place.database.read() as connection:
            return set(connection.scalars(mine))

    monkeypatch.setattr(enterprises, "BATCH", 1)
    other.adopt(source.dump())
    assert stored(other) == stored(source)
    assert len(stored(other)) == 2


def client(place: Place) -> UUID:
    clients = table("api_clients").c
    with place.database.read() as connection:
        found: UUID = connection.execute(
            select(clients.uuid).where(clients.client_id == ADMIN)
        ).scalar_one()
    return found


def test_no_secret_is_in_a_dump(settled_sqlite: Origin) -> None:
    everything, acme = settled_sqlite.everything.read_text(), settled_sqlite.acme.read_text()
    for secret in (PASSWORD, "a secret of the store", "whsec_", "signing_keys"):
        assert secret not in everything
    assert "argon2" in everything
    people = [line for line in acme.splitlines() if '"table":"console_users"' in line]
    assert ['"password_hash":null' in line for line in people] == [True, True]
