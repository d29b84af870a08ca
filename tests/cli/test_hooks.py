"""`bursar hooks`, and a server whose worker takes what an LMS tells."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bursar.enrollment.models import Enrollment
from testing.clients import lms_events as sent
from testing.servers.cli import ACME, GLOBEX, Cli, acme, catalog, declared
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

EMAIL = "ana@acme.example"


def with_acme(cli: Cli) -> Cli:
    course: dict[str, Any] = {
        "key": "edX+Open",
        "title": "Open",
        "course_runs": [{"key": sent.RUN, "status": "published"}],
    }
    learner = {"email": EMAIL, "lms_user_id": 501, "username": "ana", "consent": True}
    enterprise = acme(catalogs=[catalog()], learners=[learner])
    cli.declare(declared(enterprise) | {"content": [{"course": course}]})
    return cli


def test_what_is_told_at_an_address_comes_in(on_sqlite: Cli) -> None:
    cli = with_acme(on_sqlite)
    (address,) = cli.ok("hooks", "create", "--enterprise", ACME, "--description", "campus")
    assert address.startswith("/hooks/openedx/")
    body = sent.grade(501, 0.83, datetime.now(UTC))
    with cli.served() as server:
        answer = httpx.post(
            f"{server.url}{address}", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 202
        wait_until(lambda: cli.count(Enrollment) == 1)
        assert address.rpartition("/")[2] not in server.log
    (line,) = cli.ok("hooks", "list", "--enterprise", ACME)
    assert "live  last told: 2" in line
    assert line.endswith("told: 1, people unknown: 0, runs unknown: 0  campus")
    assert address.rpartition("/")[2] not in line


def test_an_address_is_rotated_disabled_and_enabled(cli: Cli) -> None:
    with_acme(cli)
    first, key = cli.ok("hooks", "create", "--signed")
    assert key.startswith("whsec_")
    (line,) = cli.ok("hooks", "list")
    uuid = line.split()[0]
    assert "all enterprises  live, signed  last told: never" in line
    second, other = cli.ok("hooks", "rotate", uuid)
    assert (first, key) != (second, other)
    assert cli.ok("hooks", "disable", uuid) == cli.ok("hooks", "disable", uuid) == []
    assert "disabled, signed" in cli.ok("hooks", "list")[0]
    assert cli.ok("hooks", "enable", uuid) == []
    actions = "\n".join(cli.ok("audit", "--object", uuid))
    assert actions.count("lms_hook.changed") == 2
    assert "lms_hook.created" in actions
    assert "lms_hook.secret_rotated" in actions


def test_what_is_not_there_is_refused(cli: Cli) -> None:
    with_acme(cli)
    assert cli.refused("hooks", "create", "--enterprise", GLOBEX) == [
        f"there is no enterprise {GLOBEX}"
    ]
    assert cli.refused("hooks", "rotate", GLOBEX) == [f"there is no hook {GLOBEX}"]
