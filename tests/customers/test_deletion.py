"""A deleted enterprise is gone, its books are in a file, and nobody else has lost anything."""

import json
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from bursar import clock
from bursar.credit.models import LedgerEntry
from bursar.customers import deletion
from bursar.customers.deletion import NotSuspended, archive, delete_enterprise
from bursar.database.base import Base
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.identity.models import ApiClient, ClientSecret, ClientToken
from bursar.identity.refusals import UnknownEnterprise
from bursar.identity.service import CreateClient, admit_scim, create_client, set_suspended
from bursar.tenancy import NotAuthenticated
from testing.servers.cli import Cli
from testing.worlds.contract import ACME, GLOBEX, SECRET, manifest
from testing.worlds.declared import declare
from tests.people.world import ACTOR, places_of, settle


@pytest.fixture
def world(database: Database) -> Database:
    settle(database)
    return database


def suspend(database: Database, uuid: UUID = ACME) -> None:
    with database.transaction() as session:
        set_suspended(session, ACTOR, uuid, clock.now(), suspended=True)


def delete(database: Database) -> int:
    return delete_enterprise(database, ACTOR, ACME, clock.now())


def rows(database: Database, enterprise: UUID) -> dict[str, int]:
    tables = [table for table in Base.metadata.sorted_tables if "enterprise_uuid" in table.c]
    with database.read() as connection:
        counts = {
            table.name: connection.scalar(
                select(func.count()).select_from(table).where(table.c.enterprise_uuid == enterprise)
            )
            for table in tables
        }
    return {name: count for name, count in counts.items() if count}


def total(database: Database) -> int:
    with database.read() as connection:
        return sum(
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        )


def test_nothing_of_it_is_left_and_all_of_the_others_is(
    world: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "BATCH", 3)
    suspend(world)
    others, before = rows(world, GLOBEX), total(world)
    deleted = delete(world)
    assert rows(world, ACME) == {}
    assert rows(world, GLOBEX) == others
    # The enterprise itself is gone too, and one event has come.
    assert total(world) == before - deleted - 1 + 1
    # What jobs were given is kept for a month, as that of all jobs.
    left = places_of(world, str(ACME)) | places_of(world, ACME.hex)
    assert left - {"workflow_input.inputs"} == {"events.object_id"}


def test_the_books_are_archived_first(world: Database, tmp_path: Path) -> None:
    suspend(world)
    file = tmp_path / "acme.ndjson"
    lines = archive(world, ACME, file)
    written = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(written) == lines
    counted = rows(world, ACME)
    assert Counter(line["table"] for line in written) == {
        name: counted[name] for name in deletion.ARCHIVED if name in counted
    }
    with world.read() as connection:
        money = connection.scalar(
            select(func.sum(LedgerEntry.amount_cents)).where(LedgerEntry.enterprise_uuid == ACME)
        )
    ledger = [line["row"] for line in written if line["table"] == "ledger_entries"]
    assert sum(row["amount_cents"] for row in ledger) == money
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        archive(world, ACME, file)


def test_it_is_told_to_the_installation(world: Database) -> None:
    suspend(world)
    deleted = delete(world)
    with world.read() as connection:
        event = connection.execute(
            select(*EventRecord.__table__.c).where(EventRecord.type == "enterprise.deleted")
        ).one()
    assert (event.object_id, event.enterprise_uuid, event.actor) == (str(ACME), None, "test")
    assert event.changes == {"rows": [deleted, 0]}


def test_clients_of_this_one_only_have_no_secret_left(world: Database) -> None:
    known = {each["uuid"]: each for each in manifest()["enterprises"]}
    for enterprise, ids in ((ACME, ("only", "several")), (GLOBEX, ("several",))):
        named = {key: known[str(enterprise)][key] for key in ("uuid", "name", "slug")}
        clients = [{"client_id": each, "client_secret": SECRET, "role": "admin"} for each in ids]
        declare(world, {"enterprises": [named | {"clients": clients}]})
    suspend(world)
    delete(world)
    statement = select(ApiClient.client_id).join(
        ClientSecret, ClientSecret.client_uuid == ApiClient.uuid
    )
    with world.read() as connection:
        able = set(connection.scalars(statement))
    assert "several" in able
    assert "only" not in able


def test_tokens_of_its_identity_providers_end(world: Database) -> None:
    tokens = {}
    for enterprise in (ACME, GLOBEX):
        command = CreateClient(
            client_id=f"idp of {enterprise}",
            enterprise_uuid=enterprise,
            role="scim",
            has_token=True,
        )
        with world.transaction() as session:
            tokens[enterprise] = create_client(session, ACTOR, command)
    suspend(world)
    delete(world)
    with world.read() as connection:
        assert admit_scim(connection, token=tokens[GLOBEX]).enterprise_uuid == GLOBEX
        with pytest.raises(NotAuthenticated):
            admit_scim(connection, token=tokens[ACME])
        left = connection.scalar(select(func.count()).select_from(ClientToken))
    assert left == 1


def test_one_in_use_is_not_deleted(world: Database, tmp_path: Path) -> None:
    before = rows(world, ACME)
    with pytest.raises(NotSuspended, match="bursar enterprise suspend"):
        delete(world)
    with pytest.raises(NotSuspended):
        archive(world, ACME, tmp_path / "file")
    with pytest.raises(UnknownEnterprise):
        delete_enterprise(world, ACTOR, UUID(int=1), clock.now())
    assert rows(world, ACME) == before
    assert not (tmp_path / "file").exists()


@pytest.mark.slow
def test_the_commands_list_suspend_resume_and_delete(database_url: str, tmp_path: Path) -> None:
    cli = Cli(tmp_path, database_url)
    uuid = str(ACME)
    cli.declare({"enterprises": [{"uuid": uuid, "name": "Acme, Inc", "slug": "acme"}]})
    assert cli.ok("enterprise", "list") == [f"{uuid}  acme  in use  Acme, Inc"]
    test = {"uuid": str(GLOBEX), "name": "For tests", "slug": "tests", "sandbox": True}
    cli.declare({"enterprises": [test]})
    sandbox = f"{GLOBEX}  tests  in use, sandbox  For tests"
    assert sandbox in cli.ok("enterprise", "list")
    options = [uuid, "--archive", "acme.ndjson", "--yes"]
    (told,) = cli.refused("enterprise", "delete", *options)
    assert told == f"{uuid} is in use: run `bursar enterprise suspend {uuid}` first"
    assert cli.ok("enterprise", "suspend", uuid) == [f"{uuid} is suspended"]
    assert cli.ok("enterprise", "suspend", uuid) == [f"{uuid} was suspended already"]
    assert "  acme  suspended 2" in cli.ok("enterprise", "list")[0]
    assert cli.ok("enterprise", "resume", uuid) == [f"{uuid} is in use"]
    assert cli.ok("enterprise", "suspend", uuid) == [f"{uuid} is suspended"]
    (told,) = cli.refused("enterprise", "delete", *options[:-1])
    assert told == "Nothing was deleted. This cannot be undone: say --yes to do it."
    lines = cli.ok("enterprise", "delete", *options)
    assert lines[-1].startswith(f"{uuid} is deleted: ")
    assert cli.ok("enterprise", "list") == [sandbox]
    assert cli.refused("enterprise", "resume", uuid) == [f"no such enterprise: {uuid}"]
    assert cli.ok("check") == ["everything holds"]
