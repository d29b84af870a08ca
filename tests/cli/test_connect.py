"""`bursar connect test`: each connection, and what is missing on the other side."""

from collections.abc import Iterator
from typing import Any

import pytest

from testing.fakes import discovery as fake_discovery
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLms, Trouble, running_lms
from testing.fakes.smtp import Sink, running
from testing.servers.cli import Cli
from testing.servers.processes import free_port
from testing.worlds.discovery import Syncing, syncing

pytestmark = pytest.mark.slow

Found = dict[str, tuple[str, str]]


@pytest.fixture
def lms() -> FakeLms:
    return FakeLms()


@pytest.fixture
def lms_settings(lms: FakeLms) -> Iterator[dict[str, str]]:
    with running_lms(lms) as url:
        yield {
            "BURSAR_LMS_URL": url,
            "BURSAR_LMS_CLIENT_ID": CLIENT_ID,
            "BURSAR_LMS_CLIENT_SECRET": CLIENT_SECRET,
        }


def found_by(cli: Cli, settings: dict[str, str], code: int = 0) -> Found:
    """Verdict and text of each finding, by what it is about."""
    finished = cli.run("connect", "test", **settings)
    assert "Traceback" not in finished.stderr
    assert finished.returncode == code, finished
    lines = [line.split(None, 1) for line in finished.stdout.splitlines()]
    named = [(kind, *text.split(": ", 1)) for kind, text in lines]
    return {about: (kind, told) for kind, about, told in named}


def test_without_connections_there_is_nothing_wrong(on_sqlite: Cli) -> None:
    found = found_by(on_sqlite, {})
    assert {about: kind for about, (kind, _) in found.items()} == {
        "LMS": "note", "discovery": "note", "mail": "note",
    }  # fmt: skip


def test_an_lms_that_is_as_it_should_be_is_not_changed(
    on_sqlite: Cli, lms: FakeLms, lms_settings: dict[str, str]
) -> None:
    found = found_by(on_sqlite, lms_settings)
    assert [about for about, (kind, _) in found.items() if kind == "ok"] == [
        "LMS token", "LMS accounts", "LMS enrollments",
    ]  # fmt: skip
    assert lms.calls == {"token": 1, "accounts": 1, "read": 1}
    assert not lms.effects


def test_what_is_missing_in_the_lms_is_said_in_a_sentence(
    on_sqlite: Cli, lms: FakeLms, lms_settings: dict[str, str]
) -> None:
    lms.is_staff = False
    kind, told = found_by(on_sqlite, lms_settings, code=1)["LMS accounts"]
    assert kind == "wrong"
    assert "under Users, open the user of Bursar's application and tick its staff status" in told

    wrong = lms_settings | {"BURSAR_LMS_CLIENT_SECRET": "wrong"}
    found = found_by(on_sqlite, wrong, code=1)
    kind, told = found["LMS token"]
    assert (kind, "LMS accounts" in found) == ("wrong", False)
    assert "status 401. In the LMS's administration, under Django OAuth Toolkit" in told

    away = lms_settings | {"BURSAR_LMS_URL": f"http://127.0.0.1:{free_port()}"}
    assert found_by(on_sqlite, away, code=1)["LMS token"][1].endswith("is the way there open?")


def test_an_enrollment_that_may_not_be_read(
    on_sqlite: Cli, lms: FakeLms, lms_settings: dict[str, str]
) -> None:
    lms.script(Trouble("read", status=403))
    kind, told = found_by(on_sqlite, lms_settings, code=1)["LMS enrollments"]
    assert (kind, "Bursar's user is not allowed: it answers with status 403" in told) == (
        "wrong", True,
    )  # fmt: skip
    lms.script(Trouble("read", status=400, body='{"message": "No course found"}'))
    assert found_by(on_sqlite, lms_settings)["LMS enrollments"][0] == "ok"


def test_a_clock_that_is_wrong(on_sqlite: Cli, lms: FakeLms, lms_settings: dict[str, str]) -> None:
    lms.clock_ahead = 600.0
    kind, told = found_by(on_sqlite, lms_settings, code=1)["LMS clock"]
    assert (kind, told.endswith("seconds off: synchronise both")) == ("wrong", True)


@pytest.fixture
def world() -> Iterator[Syncing]:
    with syncing(courses=5) as found:
        yield found


def of(world: Syncing, **more: str) -> dict[str, str]:
    return {
        "BURSAR_DISCOVERY_URL": world.url,
        "BURSAR_DISCOVERY_CLIENT_ID": fake_discovery.CLIENT_ID,
        "BURSAR_DISCOVERY_CLIENT_SECRET": fake_discovery.CLIENT_SECRET,
        "BURSAR_LMS_PUBLIC_URL": world.url,
        **more,
    }


def test_every_list_of_a_discovery_service_is_read(on_sqlite: Cli, world: Syncing) -> None:
    found = found_by(on_sqlite, of(world))
    assert found["discovery token"][0] == "ok"
    assert found["discovery courses"] == ("ok", "5 can be read")
    assert found["discovery programs"] == ("ok", "1 can be read")
    assert found["discovery search"] == ("ok", "8 can be read")
    assert len(world.service.asked) == 4
    world.service.fill("programs", [])
    assert found_by(on_sqlite, of(world))["discovery programs"] == ("note", "there are none")


@pytest.mark.parametrize(
    ("fault", "about", "told"),
    [
        ({"status": 403}, "discovery courses", "does not let Bursar's account read"),
        ({"status": 503}, "discovery courses", "answered /api/v1/courses/ with status 503"),
        (
            {"status": 429, "headers": {"Retry-After": "90"}},
            "discovery courses",
            "it allows no more requests now: try again in 90 s",
        ),
        ({"status": 401, "times": 2}, "discovery courses", "does not accept the LMS's token"),
    ],
)
def test_what_is_missing_at_a_discovery_service(
    on_sqlite: Cli, world: Syncing, fault: dict[str, Any], about: str, told: str
) -> None:
    world.service.script(fake_discovery.Trouble("courses", **fault))
    found = found_by(on_sqlite, of(world), code=1)
    assert (found[about][0], told in found[about][1]) == ("wrong", True)
    # What does not build on it is asked all the same.
    assert found["discovery programs"][0] == "ok"


def test_a_discovery_service_whose_lms_knows_no_such_client(on_sqlite: Cli, world: Syncing) -> None:
    wrong = of(world, BURSAR_DISCOVERY_CLIENT_SECRET="wrong")
    kind, told = found_by(on_sqlite, wrong, code=1)["discovery token"]
    assert kind == "wrong"
    assert "under Django OAuth Toolkit" in told


def test_a_mail_server(on_sqlite: Cli) -> None:
    with running(Sink()) as sink:
        there = {"BURSAR_SMTP_URL": f"smtp://127.0.0.1:{sink.port}"}
        assert found_by(on_sqlite, there)["mail"] == ("ok", "the server lets Bursar in")
    away = {"BURSAR_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"}
    kind, told = found_by(on_sqlite, away, code=1)["mail"]
    assert (kind, told.endswith("is BURSAR_SMTP_URL right?")) == ("wrong", True)
