"""A walk through the console in a real browser, with JavaScript and without."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from bursar.accounts.service import ConsoleRole
from testing.clients.browsing import invited
from testing.shops.budget import PRICE, PRICED, BudgetShop, open_budget
from testing.shops.service import Service

pytestmark = pytest.mark.slow
CHROMIUM = "/usr/bin/chromium"
PEOPLE = "Ada <ada@example.org>, bob@example.org\ncarol@example.org"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    return open_budget(service)


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(browser: Browser, service: Service, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Fails at the end when the browser had anything to complain of."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    context = browser.new_context(base_url=service.url, java_script_enabled=request.param)
    page = context.new_page()
    page.on("console", note)
    yield page
    context.close()
    assert complaints == []


def test_an_administrator_gives_a_course_to_three_people_and_takes_one_back(
    service: Service, budget: BudgetShop, page: Page
) -> None:
    page.goto(
        invited(service.database, f"{uuid4()}@example.org", budget.shop.uuid, ConsoleRole.ADMIN)
    )
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Home"

    page.get_by_role("link", name="Budgets", exact=True).first.click()
    page.get_by_role("link", name="Budget", exact=True).click()
    page.get_by_role("link", name="Allocate a course").first.click()
    page.get_by_placeholder("Title or key of the course").fill("priced")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Choose").click()
    page.get_by_label("E-mail addresses").fill(PEOPLE)
    page.get_by_role("button", name="Show the preview").click()
    assert budget.states == {}
    page.get_by_role("button", name="Allocate to 3 people").click()

    assert "is allocated to 3 people" in page.get_by_role("status").inner_text()
    assert budget.figures == (0, 3 * PRICE, 100_000 - 3 * PRICE)
    page.get_by_label(f"bob@example.org, {_title(budget)}").check()
    page.get_by_role("button", name="Cancel selected").click()
    assert "Frees $100.00" in page.get_by_role("main").inner_text()
    page.get_by_role("button", name="Cancel 1 assignment").click()
    assert "1 assignment is cancelled" in page.get_by_role("status").inner_text()
    assert sorted(budget.states.values()) == ["allocated", "allocated", "cancelled"]

    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in"


def test_an_operator_looks_after_the_installation(
    service: Service, budget: BudgetShop, page: Page
) -> None:
    budget.allocate("ada@example.org")
    page.goto(invited(service.database, f"{uuid4()}@example.org"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Health").first.click()
    assert "No worker runs" in page.get_by_role("main").inner_text()
    page.get_by_placeholder("Address, UUID, request id").fill(budget.shop.org)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=budget.shop.org, exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Home"
    page.get_by_role("link", name="Jobs", exact=True).first.click()
    page.get_by_role("link", name="Waiting").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Jobs"
    page.goto(f"/console/operator/deliveries?enterprise={budget.shop.uuid}")
    page.get_by_label("to ada@example.org").check()
    page.get_by_role("button", name="Send selected now").click()
    assert "1 delivery is due now." in page.get_by_role("status").inner_text()
    page.get_by_role("link", name="Audit", exact=True).first.click()
    assert "mail.retried" in page.get_by_role("main").inner_text()


def _title(budget: BudgetShop) -> str:
    return str(budget.assignments()["results"][0]["content_title"])


def test_a_phone_shows_the_same(service: Service, budget: BudgetShop, browser: Browser) -> None:
    budget.allocate("ada@example.org", content=PRICED)
    context = browser.new_context(base_url=service.url, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(invited(service.database, f"{uuid4()}@example.org", budget.shop.uuid))
    page.get_by_role("button", name="Sign in").click()
    page.locator("summary").click()
    page.get_by_role("link", name="Assignments").click()
    assert "ada@example.org" in page.get_by_role("main").inner_text()
    # Tables scroll by themselves; the page is never wider than the phone.
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_an_administrator_fills_a_group_and_looks_at_a_person_and_at_progress(
    service: Service, budget: BudgetShop, page: Page
) -> None:
    budget.know(ada=501)
    page.goto(
        invited(service.database, f"{uuid4()}@example.org", budget.shop.uuid, ConsoleRole.ADMIN)
    )
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("link", name="Groups", exact=True).first.click()
    page.get_by_label("Name").fill("Data team")
    page.get_by_role("button", name="Make the group").click()
    page.get_by_role("link", name="Add members").first.click()
    page.get_by_label("E-mail addresses").fill(PEOPLE)
    page.get_by_role("button", name="Show the preview").click()
    page.get_by_role("button", name="Add 3 people").click()
    assert "3 people have joined" in page.get_by_role("status").inner_text()

    page.get_by_role("link", name="Learners", exact=True).first.click()
    page.get_by_role("link", name="ada@example.org").click()
    page.get_by_placeholder("Key of a course or run").fill(budget.key(PRICED))
    page.get_by_role("button", name="Explain").click()
    assert "Allocate the course to the learner." in page.get_by_role("main").inner_text()

    page.get_by_role("link", name="Progress", exact=True).first.click()
    assert "Nobody enrolled or passed" in page.get_by_role("main").inner_text()
    page.get_by_label("Group").select_option("Data team")
    page.get_by_role("button", name="Show").click()
    assert "with these filters" in page.get_by_role("main").inner_text()
