"""A declared secret is the first one of a client: declaring it again undoes no rotation."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.identity import service
from bursar.identity.models import ApiClient
from bursar.identity.service import (
    ClientDeclaration,
    CreateClient,
    DeclaredClient,
    DeclaredEnterprise,
    SecretEffect,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ACME = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
ACTOR = Actor("operator")
ID = "acme-integration"
FIRST, SECOND = "first-secret-of-acme", "second-secret-of-acme"


@pytest.fixture(autouse=True)
def _acme(database: Database) -> None:
    with database.transaction() as session:
        acme = DeclaredEnterprise(uuid=ACME, name="Acme", slug="acme")
        service.put_enterprise(session, ACTOR, acme, at=NOW)


def declare(database: Database, secret: str | None) -> ClientDeclaration:
    declared = DeclaredClient(client_id=ID, enterprise_uuid=ACME, role="admin", secret=secret)
    with database.transaction() as session:
        return service.declare_client(session, ACTOR, declared, at=NOW)


def rotate(database: Database, days: int) -> str:
    with database.transaction() as session:
        return service.rotate_secret(session, ACTOR, ID, at=NOW + timedelta(days=days))


def opening(database: Database, *secrets: str) -> list[bool]:
    with database.read() as connection:
        credentials = service.find_credentials(connection, ID)
    return [service.authenticate(credentials, secret) for secret in secrets]


def forget_declaration(database: Database) -> None:
    """As a client that was declared before declarations were noted."""
    with database.transaction() as session:
        session.execute(update(ApiClient).values(declared_secret_hash=None))


@pytest.mark.parametrize("rotations", [1, 2, 3])
def test_the_same_manifest_undoes_no_rotation(database: Database, rotations: int) -> None:
    assert declare(database, FIRST) == ClientDeclaration("created", SecretEffect.FIRST)
    made = [rotate(database, day) for day in range(1, rotations + 1)]
    ended = rotations > 1
    effect = SecretEffect.ROTATED if ended else SecretEffect.NONE
    for _ in range(2):
        assert declare(database, FIRST) == ClientDeclaration("unchanged", effect)
    assert opening(database, FIRST, *made[-2:]) == [not ended, *[True] * len(made[-2:])]


def test_a_changed_manifest_ends_all_others(database: Database) -> None:
    declare(database, FIRST)
    made = rotate(database, 1)
    assert declare(database, SECOND) == ClientDeclaration("changed", SecretEffect.REPLACED)
    assert opening(database, FIRST, made, SECOND) == [False, False, True]
    assert declare(database, SECOND) == ClientDeclaration("unchanged", SecretEffect.NONE)
    assert declare(database, FIRST) == ClientDeclaration("changed", SecretEffect.REPLACED)


def test_a_manifest_that_names_what_was_rotated_ends_nothing(database: Database) -> None:
    declare(database, FIRST)
    made = rotate(database, 1)
    assert declare(database, made) == ClientDeclaration("unchanged", SecretEffect.NONE)
    assert opening(database, FIRST, made) == [True, True]
    for day in (2, 3):
        rotate(database, day)
    assert declare(database, made).secret == SecretEffect.ROTATED


def test_a_manifest_gives_a_client_of_a_command_its_own_secret(database: Database) -> None:
    with database.transaction() as session:
        command = CreateClient(client_id=ID, enterprise_uuid=ACME, role="admin")
        created = service.create_client(session, ACTOR, command, at=NOW)
    made = rotate(database, 1)
    assert declare(database, FIRST) == ClientDeclaration("changed", SecretEffect.REPLACED)
    assert opening(database, created, made, FIRST) == [False, False, True]


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_a_client_that_was_declared_before_this_was_noted_keeps_what_was_rotated(
    database: Database, rotations: int
) -> None:
    declare(database, FIRST)
    live = [FIRST, *(rotate(database, day) for day in range(1, rotations + 1))][-2:]
    forget_declaration(database)
    assert declare(database, FIRST).outcome == "unchanged"
    assert opening(database, *live) == [True] * len(live)
    assert declare(database, SECOND).secret == SecretEffect.REPLACED


def test_a_rotation_notes_what_such_a_client_had_first(database: Database) -> None:
    declare(database, FIRST)
    forget_declaration(database)
    made = [rotate(database, day) for day in (1, 2)]
    assert declare(database, FIRST) == ClientDeclaration("unchanged", SecretEffect.ROTATED)
    assert opening(database, *made) == [True, True]


def test_such_a_client_that_was_never_rotated_follows_a_changed_manifest(
    database: Database,
) -> None:
    declare(database, FIRST)
    forget_declaration(database)
    assert declare(database, SECOND) == ClientDeclaration("changed", SecretEffect.REPLACED)


def test_no_secret_is_no_secret(database: Database) -> None:
    assert declare(database, None).secret == SecretEffect.NONE
    assert declare(database, FIRST) == ClientDeclaration("changed", SecretEffect.FIRST)
    assert declare(database, None) == ClientDeclaration("unchanged", SecretEffect.NONE)
    assert opening(database, FIRST) == [True]
