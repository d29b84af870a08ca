"""`bursar doctor`, and what serving refuses or tells because of settings."""

import os
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from bursar.identity.sealing import Seal
from bursar.outgoing import settings as outgoing_settings
from bursar.outgoing.addresses import Permitted
from bursar.outgoing.settings import OutgoingSettings
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLms, running_lms
from testing.fakes.smtp import Sink, running
from testing.servers.cli import ACME, SECRET, Cli, acme, client, declared
from testing.servers.processes import WorkerProcess, free_port
from testing.waiting import wait_until
from tests.cli.test_keys import is_seen, make_unsealed_key
from tests.webhooks.world import open_endpoint

pytestmark = pytest.mark.slow

KEY = "cZ8Wq0m7l0y1J3n5b6V4x2C9k8A7s6D5"


def found(
    cli: Cli, verdict: str, settings: Mapping[str, str] | None = None, *, code: int | None = None
) -> dict[str, str]:
    """The findings of this kind: text by what they are about."""
    finished = cli.run("doctor", **({"BURSAR_SECRET_KEY": KEY} | dict(settings or {})))
    assert "Traceback" not in finished.stderr
    lines = [line.split(None, 1) for line in finished.stdout.splitlines()]
    findings = [line.split(": ", 1) for kind, line in lines if kind == verdict]
    assert all(len(finding) == 2 for finding in findings)
    anything = any(kind == "wrong" for kind, _ in lines)
    assert finished.returncode == (1 if anything else 0), finished
    if code is not None:
        assert finished.returncode == code, finished
    return {finding[0]: finding[1] for finding in findings}


def test_a_sound_installation_has_nothing_wrong(cli: Cli) -> None:
    assert found(cli, "wrong", code=0) == {}
    fine = {"settings", "database", "migrations", "keys", "disk", "processes"}
    assert set(found(cli, "ok")) >= fine
    assert set(found(cli, "note")) == {"BURSAR_SMTP_URL", "BURSAR_LMS_URL", "BURSAR_BACKUPS"}


def test_settings_that_cannot_be_read_are_all_that_is_told(on_sqlite: Cli) -> None:
    wrong = found(on_sqlite, "wrong", {"BURSAR_TOKEN_TTL": "x", "BURSAR_THREADS": "0"}, code=1)
    assert set(wrong) == {"BURSAR_TOKEN_TTL", "BURSAR_THREADS"}


def test_unsafe_and_unknown_settings_are_told_here_and_at_start(on_sqlite: Cli) -> None:
    unsafe = {"BURSAR_CORS_ORIGINS": "*", "BURSAR_SMPT_URL": "smtp://localhost"}
    wrong = found(on_sqlite, "wrong", unsafe, code=1)
    assert set(wrong) == set(unsafe)
    assert wrong["BURSAR_SMPT_URL"].endswith("Did you mean BURSAR_SMTP_URL?")
    with on_sqlite.served(**unsafe) as server:
        assert server.log.count("settings.unsafe") == 2
        assert "Did you mean BURSAR_SMTP_URL?" in server.log


def test_a_database_that_is_away_or_behind_is_wrong(on_empty_postgres: Cli) -> None:
    assert set(found(on_empty_postgres, "wrong", code=1)) == {"migrations"}
    away = f"postgresql://nobody@127.0.0.1:{free_port()}/books"
    wrong = found(on_empty_postgres, "wrong", {"BURSAR_DATABASE_URL": away}, code=1)
    assert "cannot be used" in wrong["BURSAR_DATABASE_URL"]


def test_a_file_that_is_no_database_is_wrong(on_sqlite: Cli) -> None:
    on_sqlite.write("diary.db", "Dear diary, " * 100)
    wrong = found(on_sqlite, "wrong", {"BURSAR_DATABASE_URL": "sqlite:///diary.db"}, code=1)
    assert "not a database" in wrong["BURSAR_DATABASE_URL"]


def test_keys_that_lie_unsealed_are_wrong(cli: Cli) -> None:
    with cli.database() as database:
        make_unsealed_key(database)
    assert "bursar keys rotate" in found(cli, "wrong", code=1)["keys"]


def test_secrets_of_webhooks_that_lie_unsealed_are_wrong(cli: Cli) -> None:
    cli.declare(declared(acme()))
    with cli.database() as database:
        database.info[outgoing_settings.KEY] = OutgoingSettings(Permitted(), Seal)
        open_endpoint(database, UUID(ACME), "https://hooks.acme.example")
    assert "1 secrets of webhooks" in found(cli, "wrong", code=1)["keys"]
    assert cli.run("keys", "rotate", BURSAR_SECRET_KEY=KEY).returncode == 0
    assert "keys" not in found(cli, "wrong")


def test_keys_that_cannot_be_opened_are_wrong(cli: Cli) -> None:
    assert cli.run("keys", "rotate", BURSAR_SECRET_KEY=f"{KEY}{KEY}").returncode == 0
    assert "cannot be opened" in found(cli, "wrong", code=1)["keys"]


def test_a_process_without_the_secret_is_wrong(cli: Cli) -> None:
    environment = cli.environment | {"BURSAR_SECRET_KEY": KEY[::-1]}
    with WorkerProcess(cli.folder, environment):
        wait_until(lambda: is_seen(cli), "the worker is seen")
        assert "worker process" in found(cli, "wrong", code=1)["BURSAR_SECRET_KEY"]


def test_a_mail_server_is_asked_and_nothing_is_sent(on_sqlite: Cli) -> None:
    sender = {"BURSAR_MAIL_FROM": "a@acme.example"}
    with running(Sink(password="right")) as sink:
        plain = {"BURSAR_SMTP_URL": sink.url, **sender}
        assert "mail" in found(on_sqlite, "ok", plain, code=0)
        login = {"BURSAR_SMTP_URL": sink.url.replace("//", "//bursar:right@"), **sender}
        assert "offers no encryption" in found(on_sqlite, "wrong", login)["BURSAR_SMTP_URL"]
        allowed = {**login, "BURSAR_SMTP_ALLOW_UNENCRYPTED_LOGIN": "true"}
        assert set(found(on_sqlite, "wrong", allowed)) == {"BURSAR_SMTP_ALLOW_UNENCRYPTED_LOGIN"}
        assert sink.deliveries == []
    assert "no connection" in found(on_sqlite, "wrong", plain)["BURSAR_SMTP_URL"]


def test_an_lms_is_asked_for_a_token(on_sqlite: Cli) -> None:
    lms = {"BURSAR_LMS_URL": f"http://127.0.0.1:{free_port()}"}
    lms |= {"BURSAR_LMS_CLIENT_ID": "bursar", "BURSAR_LMS_CLIENT_SECRET": "secret"}
    assert "connection to the LMS failed" in found(on_sqlite, "wrong", lms)["BURSAR_LMS_URL"]


def test_the_clock_of_the_lms_is_looked_at(on_sqlite: Cli) -> None:
    lms = FakeLms()
    with running_lms(lms) as url:
        settings = {"BURSAR_LMS_URL": url, "BURSAR_LMS_CLIENT_ID": CLIENT_ID}
        settings["BURSAR_LMS_CLIENT_SECRET"] = CLIENT_SECRET
        assert "token" in found(on_sqlite, "ok", settings, code=0)["LMS"]
        for seconds in (-60, 60):
            lms.clock_ahead = seconds
            assert "seconds off" in found(on_sqlite, "wrong", settings)["LMS"]


def test_the_spool_folder_is_tried_and_nothing_stays_there(on_sqlite: Cli) -> None:
    spool = on_sqlite.folder / "spool"
    settings = {"BURSAR_SPOOL_FOLDER": str(spool)}
    wrong = found(on_sqlite, "wrong", settings, code=1)
    assert wrong["BURSAR_SPOOL_FOLDER"].startswith(f"nothing can be written to {spool}")
    spool.mkdir()
    assert found(on_sqlite, "ok", settings)["spool folder"] == f"files can be made in {spool}"
    assert list(spool.iterdir()) == []
    assert "spool folder" not in found(on_sqlite, "ok")


def test_the_age_of_the_newest_backup_is_looked_at(on_sqlite: Cli) -> None:
    pattern = {"BURSAR_BACKUPS": str(on_sqlite.folder / "backup-*.db")}
    assert "no such file" in found(on_sqlite, "wrong", pattern)["BURSAR_BACKUPS"]
    old = on_sqlite.folder / on_sqlite.write("backup-1.db", "x")
    a_day_and_more = time.time() - 27 * 3600
    os.utime(old, (a_day_and_more, a_day_and_more))
    assert "27 hours old" in found(on_sqlite, "wrong", pattern)["BURSAR_BACKUPS"]
    on_sqlite.write("backup-2.db", "x")
    assert found(on_sqlite, "ok", pattern, code=0)["backups"] == "the newest is 0 hours old"


class TestPublishedSecrets:
    """Those of the demonstration and of the examples in the documentation."""

    @pytest.fixture
    def known(self, cli: Cli) -> Cli:
        example = client("acme-integration", client_secret="a-long-random-secret")
        cli.declare(declared(acme(clients=[example, client("other", client_secret=SECRET)])))
        return cli

    def test_they_are_not_served_to_others(self, known: Cli) -> None:
        told = known.refused("serve", "--host", "0.0.0.0", "--port", "0")[-1]
        assert told.startswith("Everybody knows the secrets of these clients: acme-integration.")
        assert "--yes-really" in told
        with known.served() as server:
            assert "acme-integration" not in server.log  # on a loopback address

    def test_they_are_when_somebody_insists_or_rotates(self, known: Cli) -> None:
        public = ("serve", "--host", "0.0.0.0", "--port", "0")
        assert listens(known, *public, "--yes-really")
        for _ in range(2):
            known.ok("clients", "rotate", "acme-integration")
        assert listens(known, *public)

    def test_the_doctor_notes_them_and_with_a_public_address_finds_them_wrong(
        self, known: Cli
    ) -> None:
        assert "acme-integration" in found(known, "note", code=0)["clients"]
        public = {"BURSAR_PUBLIC_URL": "https://api.example.org"}
        assert "acme-integration" in found(known, "wrong", public, code=1)["clients"]

    def test_the_demonstration_is_not_served_to_others(self, on_sqlite: Cli) -> None:
        told = on_sqlite.refused("demo", "--host", "0.0.0.0", "--port", "0")[-1]
        assert "acme-integration" in told


def listens(cli: Cli, *command: str) -> bool:
    with cli.started(*command) as process:
        assert process.stderr is not None
        return any(line.startswith("Bursar listens on http://0.0.0.0") for line in process.stderr)


def weak(**fields: Any) -> dict[str, Any]:
    return declared(acme(clients=[client(client_secret="fifteen-letters"[:15], **fields)]))


def test_a_short_client_secret_is_refused_unless_allowed(on_sqlite: Cli) -> None:
    manifest = on_sqlite.write("m.json", weak())
    assert on_sqlite.refused("apply", "-f", manifest) == [
        "enterprises[0].clients[0].client_secret: must have at least 16 characters",
        "BURSAR_ALLOW_WEAK_SECRETS=true permits shorter secrets, for demonstrations and tests",
    ]
    allowed = on_sqlite.run("apply", "-f", manifest, BURSAR_ALLOW_WEAK_SECRETS="true")
    assert allowed.stdout == "2 created, 0 changed, 0 unchanged\n"
    assert allowed.stderr.startswith("warning: enterprises[0].clients[0].client_secret: ")
