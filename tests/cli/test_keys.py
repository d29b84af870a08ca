"""The signing keys, and the secret that seals them."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.identity.keys import create_signing_key
from bursar.identity.models import SigningKey
from bursar.processes.service import running_processes
from testing.servers.cli import SECRET, Cli
from testing.servers.processes import WorkerProcess
from testing.waiting import wait_until
from tests.cli.test_clients import ID, acme_anywhere, acme_cli, kid, serving, status, token

__all__ = ["acme_anywhere", "acme_cli"]  # fixtures

pytestmark = pytest.mark.slow

OLD, NEW = "old-secret-" * 4, "new-secret-" * 4


def rotated(cli: Cli, secrets: str) -> str:
    finished = cli.run("keys", "rotate", BURSAR_SECRET_KEY=secrets)
    assert (finished.returncode, finished.stderr) == (0, ""), finished
    return finished.stdout.strip()


def refused_rotation(cli: Cli, secrets: str) -> str:
    finished = cli.run("keys", "rotate", BURSAR_SECRET_KEY=secrets)
    assert (finished.returncode, finished.stdout) == (2, ""), finished
    return finished.stderr


def ready(url: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{url}/ready", trust_env=False).json()
    return answer


def stored_keys(cli: Cli) -> list[dict[str, Any]]:
    with cli.database() as database:
        return stored_in(database)


def stored_in(database: Database) -> list[dict[str, Any]]:
    with database.read() as connection:
        return list(connection.scalars(select(SigningKey.private_jwk)))


class TestKeys:
    def test_tokens_of_before_a_rotation_stay_good(self, acme_anywhere: Cli) -> None:
        with serving(acme_anywhere) as url:
            before = token(acme_anywhere)
            (new,) = acme_anywhere.ok("keys", "rotate")
            after = token(acme_anywhere)
            assert (kid(before) != new, kid(after)) == (True, new)
            assert (status(url, before), status(url, after)) == (200, 200)
        listed = acme_anywhere.ok("keys", "list")
        assert [line.split()[0] for line in listed] == [new, kid(before)]

    def test_a_revoked_one_signs_and_counts_no_more(self, acme_cli: Cli) -> None:
        old = token(acme_cli)
        assert acme_cli.ok("keys", "revoke", kid(old)) == [f"{kid(old)} is revoked"]
        assert acme_cli.refused("keys", "revoke", kid(old)) == [f"there is no live key {kid(old)}"]
        with serving(acme_cli) as url:
            assert status(url, old) == 401
            assert status(url, token(acme_cli)) == 200

    def test_without_their_secret_they_are_listed_as_closed_and_can_be_revoked(
        self, acme_anywhere: Cli
    ) -> None:
        made = rotated(acme_anywhere, OLD)
        finished = acme_anywhere.run("keys", "list", BURSAR_SECRET_KEY=NEW)
        assert finished.returncode == 1
        assert finished.stdout.startswith(f"{made}  ")
        assert finished.stdout.endswith("  cannot be opened\n")
        assert "BURSAR_SECRET_KEY" in finished.stderr
        acme_anywhere.ok("keys", "revoke", made)
        rotated(acme_anywhere, NEW)

    def test_a_rotation_with_a_secret_that_opens_nothing_says_what_to_do(
        self, acme_anywhere: Cli
    ) -> None:
        made = rotated(acme_anywhere, OLD)
        told = refused_rotation(acme_anywhere, NEW)
        assert told.startswith(f"BURSAR_SECRET_KEY: The key {made} is sealed")
        assert f"bursar keys revoke {made}" in told


class TestSecret:
    def test_it_is_changed_in_the_safe_order_and_every_token_stays_good(
        self, acme_anywhere: Cli
    ) -> None:
        rotated(acme_anywhere, OLD)
        with serving(acme_anywhere, BURSAR_SECRET_KEY=OLD) as url:
            before = token(acme_anywhere, "--url", url)
            told = refused_rotation(acme_anywhere, f"{NEW},{OLD}")
            assert told.startswith("These processes do not hold the first secret")
            assert "web process" in told
            assert "The safe order: 1. put the new secret in front" in told
            assert (status(url, before), ready(url)) == (200, {"status": "ready"})
        with serving(acme_anywhere, BURSAR_SECRET_KEY=f"{NEW},{OLD}") as url:
            made = rotated(acme_anywhere, f"{NEW},{OLD}")
            between = token(acme_anywhere, "--url", url)
            assert kid(between) == made
        with serving(acme_anywhere, BURSAR_SECRET_KEY=NEW) as url:
            assert [status(url, each) for each in (before, between)] == [200, 200]
            assert ready(url) == {"status": "ready"}

    def test_changed_in_the_wrong_order_it_takes_nothing_down(self, acme_anywhere: Cli) -> None:
        rotated(acme_anywhere, OLD)
        with serving(acme_anywhere, BURSAR_SECRET_KEY=OLD) as url:
            before = token(acme_anywhere, "--url", url)
            # A process that nobody sees, as one whose machine was cut off for a minute.
            assert acme_anywhere.execute("DELETE FROM running_processes")
            made = rotated(acme_anywhere, f"{NEW},{OLD}")
            wait_until(lambda: "errors" in ready(url), "the process has read the keys again")
            (error,) = ready(url)["errors"]
            assert made in error
            after = token(acme_anywhere, "--url", url)
            assert kid(after) not in {made, kid(before)}
            assert [status(url, each) for each in (before, after)] == [200, 200]
            with serving(acme_anywhere, BURSAR_SECRET_KEY=NEW) as other:
                assert [status(other, each) for each in (before, after)] == [200, 200]

    def test_a_worker_without_it_keeps_a_rotation_from_happening(self, acme_anywhere: Cli) -> None:
        environment = acme_anywhere.environment | {"BURSAR_SECRET_KEY": OLD}
        with WorkerProcess(acme_anywhere.folder, environment):
            wait_until(lambda: is_seen(acme_anywhere), "the worker is seen")
            assert "worker process" in refused_rotation(acme_anywhere, NEW)
        rotated(acme_anywhere, NEW)

    def test_keys_from_before_it_was_set_are_sealed_at_start(self, acme_anywhere: Cli) -> None:
        with acme_anywhere.database() as database:
            make_unsealed_key(database)
        with acme_anywhere.served(BURSAR_SECRET_KEY=NEW, BURSAR_LOG_LEVEL="INFO") as server:
            assert "keys.sealed" in server.log
        assert all("jwe" in stored for stored in stored_keys(acme_anywhere))

    def test_keys_stay_unsealed_with_a_warning_while_a_process_lacks_it(
        self, acme_anywhere: Cli
    ) -> None:
        with acme_anywhere.database() as database:
            make_unsealed_key(database)
        with serving(acme_anywhere, BURSAR_SECRET_KEY=OLD):
            with acme_anywhere.database() as database:
                make_unsealed_key(database)
            with acme_anywhere.served(BURSAR_SECRET_KEY=NEW) as server:
                assert "keys.unsealed" in server.log
        assert [stored for stored in stored_keys(acme_anywhere) if "jwe" not in stored]


@pytest.fixture
def on_postgres(cli: Cli) -> Cli:
    if cli.url.startswith("sqlite"):
        pytest.skip("SQLite always has a secret, in a file beside the database")
    return cli


class TestPostgres:
    def test_without_a_secret_a_process_warns(self, on_postgres: Cli) -> None:
        with on_postgres.served() as server:
            assert "keys.unsealed" in server.log

    def test_without_a_secret_a_process_does_not_start_beside_sealed_keys(
        self, on_postgres: Cli
    ) -> None:
        rotated(on_postgres, OLD)
        with on_postgres.served(BURSAR_SECRET_KEY=OLD):
            (told,) = on_postgres.refused("keys", "rotate")
            assert "BURSAR_SECRET_KEY is not set here" in told
        (told,) = on_postgres.refused("serve", "--port", "0")
        assert "no secret of BURSAR_SECRET_KEY opens it" in told


class TestSqlite:
    def test_the_secret_is_in_a_file_beside_the_database(self, acme_cli: Cli) -> None:
        good = token(acme_cli)
        file = acme_cli.folder / "data" / "bursar.db.secret"
        assert file.stat().st_mode & 0o777 == 0o600
        assert all("jwe" in stored for stored in stored_keys(acme_cli))
        with serving(acme_cli, BURSAR_SECRET_KEY=NEW) as url:
            # The file still opens what it has sealed.
            assert (status(url, good), ready(url)) == (200, {"status": "ready"})

    def test_a_copy_without_the_file_serves_with_new_keys(self, acme_cli: Cli) -> None:
        good = token(acme_cli)
        (acme_cli.folder / "data" / "bursar.db.secret").unlink()
        with acme_cli.served() as server:
            new = acme_cli.run("token", "--client-id", ID, "--client-secret", SECRET).stdout.strip()
            assert kid(new) != kid(good)
            assert [status(server.url, each) for each in (good, new)] == [200, 200]
            assert kid(good) in ready(server.url)["errors"][0]
        assert "keys.closed" in server.log


def make_unsealed_key(database: Database) -> None:
    with database.transaction() as session:
        create_signing_key(session, Actor("test"), at=clock.now())


def is_seen(cli: Cli) -> bool:
    with cli.database() as database, database.read() as connection:
        return bool(running_processes(connection, at=clock.now()))
