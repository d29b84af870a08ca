"""From the link of a mail to a pass, in a browser without scripts, as a stranger walks it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from pydantic import SecretStr

from bursar.claims.tokens import Claim, ClaimKind
from bursar.clock import now
from bursar.settings import Settings
from bursar.work import claim_links
from testing.clients.accessibility import faults
from testing.databases.migrated import migrated_url
from testing.databases.plugin import DIALECTS
from testing.servers.cli import Cli
from testing.servers.processes import WorkerProcess
from testing.shops.budget import open_budget
from testing.shops.service import ContractServer, Service

ANA = "ana@example.org"
SECRET = "a secret of this test alone that is long enough"
SUMMARY = "/enterprise/v3/enterprise-customer/{}/learner-summary"


class Demonstration(ContractServer):
    """Which is its own LMS."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        super().__init__(folder, settings)
        self._environment |= {
            "BURSAR_PUBLIC_URL": self.url,
            "BURSAR_LMS_PUBLIC_URL": f"{self.url}/lms",
            "BURSAR_EMBEDDED_LMS": "true",
        }


@pytest.fixture(scope="module")
def demonstration(
    dialect: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("walk")
    is_sqlite = dialect == "sqlite"
    url = migrated_url(folder, None if is_sqlite else request.getfixturevalue("postgres"))
    settings = {"BURSAR_DATABASE_URL": url, "BURSAR_SECRET_KEY": SECRET}
    with ExitStack() as stack:
        stack.enter_context(WorkerProcess(folder, Cli(folder, url).environment | settings))
        yield Service.behind(stack, url, Demonstration(folder, settings))


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.new_context(java_script_enabled=False).new_page()


def test_a_learner_claims_a_course_and_passes(demonstration: Service, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    budget = open_budget(demonstration)
    budget.shop.declare(ask_consent=True, accent="#7a1f5c")
    (uuid,) = budget.assigned(ANA)
    settings = Settings(secret_key=SecretStr(SECRET), public_url=demonstration.url)
    links = claim_links(demonstration.database, settings)
    link = links(Claim(ClaimKind.ASSIGNMENT, UUID(uuid), now()))

    page.goto(str(link))
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Enroll now").click()
    page.wait_for_url("**/lms/courses/**")
    assert "You are enrolled" in page.inner_text("main")
    page.get_by_role("button", name="Make progress").click()
    page.wait_for_selector("text=25 %")
    page.get_by_role("button", name="Pass").click()
    page.wait_for_selector("text=Passed with 90 %")
    page.goto(str(link))
    assert "You are enrolled" in page.inner_text("main")
    assert complaints == []
    (row,) = budget.shop.api.json(SUMMARY.format(budget.shop.uuid))["results"]
    assert (row["user_email"], row["has_passed"], row["current_grade"]) == (ANA, True, 0.9)


# What pages look like does not depend on the database.
@pytest.mark.parametrize("dialect", DIALECTS[:1], indirect=True)
def test_everybody_can_use_the_pages_of_a_learner(demonstration: Service, browser: Browser) -> None:
    budget = open_budget(demonstration)
    budget.shop.declare(ask_consent=True, accent="#7a1f5c")
    (uuid,) = budget.assigned(ANA)
    settings = Settings(secret_key=SecretStr(SECRET), public_url=demonstration.url)
    links = claim_links(demonstration.database, settings)
    link = str(links(Claim(ClaimKind.ASSIGNMENT, UUID(uuid), now())))
    page = browser.new_page()
    page.goto(link)
    wrong = faults(page)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Enroll now").click()
    page.wait_for_url("**/lms/courses/**")
    wrong += faults(page)
    for path in (link, f"{demonstration.url}/lms/", f"{demonstration.url}/claim/x"):
        page.goto(path)
        wrong += faults(page)
    assert not wrong, "\n".join(wrong)


def test_what_is_no_form_of_ours_changes_nothing(demonstration: Service) -> None:
    with httpx.Client(base_url=demonstration.url) as http:
        unknown = "/lms/courses/course-v1:edX+Unknown+1/course/"
        assert http.get(unknown).status_code == 404
        for body in ("", "deed=pass", "deed=pass&enterprise=x&learner=a", "%ff=%ff"):
            assert http.post(unknown, content=body).status_code == 409
        assert http.get("/lms/").status_code == 200
        assert http.get("/lms/enterprise/x/course/y/enroll/").status_code == 200
        assert http.get("/lms/page.css").headers["content-type"] == "text/css; charset=utf-8"
