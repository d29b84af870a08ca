"""Learners whom the LMS does not know yet: over HTTP, with an LMS, a worker and the task."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from bursar.claims.tokens import Claim, ClaimKind
from bursar.clock import now
from bursar.settings import Settings
from bursar.work import claim_links
from testing.databases.migrated import migrated_url
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLms, Trouble, running_lms
from testing.servers.cli import Cli
from testing.servers.processes import WorkerProcess
from testing.shops.budget import BudgetShop, open_budget
from testing.shops.service import Service
from testing.waiting import wait_until

SECRET = "a secret of this test alone that is long enough"
REGISTER_URL = "https://courses.example.org/authn/register"


@dataclass(frozen=True)
class Campus:
    lms: FakeLms
    service: Service
    cli: Cli
    settings: Mapping[str, str]

    def link_of(self, assignment: str) -> str:
        settings = Settings(secret_key=SecretStr(SECRET), public_url=self.service.url)
        links = claim_links(self.service.database, settings)
        return str(links(Claim(ClaimKind.ASSIGNMENT, UUID(assignment), now())))

    def is_seated(self, username: str) -> bool:
        return any(what[0] == username for what in self.lms.effects)


@pytest.fixture(scope="module")
def campus(
    dialect: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Campus]:
    folder: Path = tmp_path_factory.mktemp("campus")
    is_sqlite = dialect == "sqlite"
    url = migrated_url(folder, None if is_sqlite else request.getfixturevalue("postgres"))
    lms = FakeLms()
    with ExitStack() as stack:
        settings = {
            "BURSAR_SECRET_KEY": SECRET,
            "BURSAR_LMS_URL": stack.enter_context(running_lms(lms)),
            "BURSAR_LMS_PUBLIC_URL": "https://courses.example.org",
            "BURSAR_LMS_REGISTER_URL": REGISTER_URL,
            "BURSAR_LMS_CLIENT_ID": CLIENT_ID,
            "BURSAR_LMS_CLIENT_SECRET": CLIENT_SECRET,
            "BURSAR_LMS_ATTEMPTS": "1",
        }
        cli = Cli(folder, url)
        stack.enter_context(WorkerProcess(folder, cli.environment | settings))
        yield Campus(lms, Service.running(stack, url, folder, settings), cli, settings)


@pytest.fixture
def budget(campus: Campus) -> BudgetShop:
    return open_budget(campus.service)


def test_they_register_and_are_enrolled_by_themselves(campus: Campus, budget: BudgetShop) -> None:
    (uuid,) = budget.assigned("nia@example.org")
    link = campus.link_of(uuid)
    pressed = httpx.post(link)
    assert (pressed.status_code, pressed.headers["location"]) == (303, REGISTER_URL)
    page = httpx.get(link)
    assert page.status_code == 200
    for words in ("One step is left", "nia@example.org", REGISTER_URL, "I have registered"):
        assert words in page.text
    assert budget.assignment(uuid)["state"] == "allocated"
    campus.lms.accounts["nia@example.org"] = "nia"
    done = campus.cli.run("run", "finish-claims", **campus.settings)
    assert done.stdout.splitlines()[-1] == "1 finished, 0 given up, 0 waiting", done
    wait_until(lambda: budget.assignment(uuid)["state"] == "accepted")
    assert campus.is_seated("nia")
    assert "You are enrolled" in httpx.get(link).text


def test_they_come_again_when_they_have_registered(campus: Campus, budget: BudgetShop) -> None:
    (uuid,) = budget.assigned("pia@example.org")
    link = campus.link_of(uuid)
    assert httpx.post(link).headers["location"] == REGISTER_URL
    campus.lms.accounts["pia@example.org"] = "pia"
    again = httpx.post(link, data={"action": "take"}, timeout=30)
    assert (again.status_code, again.headers["location"] != REGISTER_URL) == (303, True)
    wait_until(lambda: budget.assignment(uuid)["state"] == "accepted")
    assert campus.is_seated("pia")


def test_while_the_lms_is_away_the_page_says_so_and_nothing_changes(
    campus: Campus, budget: BudgetShop
) -> None:
    (uuid,) = budget.assigned("mia@example.org")
    link = campus.link_of(uuid)
    campus.lms.script(Trouble(on="accounts", status=503), times=4)
    answer = httpx.post(link, timeout=30)
    assert answer.status_code == 503
    assert "Nothing was changed." in answer.text
    assert budget.assignment(uuid)["state"] == "allocated"
    campus.lms.troubles.clear()
    assert httpx.post(link).headers["location"] == REGISTER_URL
