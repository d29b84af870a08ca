"""Every page of the console that a link leads to: it is there, the browser does not complain, axe
finds nothing in light and dark, and it is no wider than a phone."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, sync_playwright

from testing.clients.accessibility import DESKTOP, faults
from testing.clients.browsing import invited
from testing.databases.plugin import DIALECTS
from testing.shops.service import Service

pytestmark = [
    pytest.mark.slow,
    # Dozens of pages, three times each.
    pytest.mark.timeout(1200),
    # What pages look like does not depend on the database.
    pytest.mark.parametrize("dialect", DIALECTS[:1], indirect=True),
]
DOWNLOADS = re.compile(r"\.(csv|ndjson|json|yaml)(\?|$)")
VARIABLE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b\d+\b|/e/[^/?]+")
AT_LEAST = 30
"""Kinds of pages; fewer would mean that the walk lost its way."""


@pytest.fixture
def page(service: Service) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_context(base_url=service.url, viewport=DESKTOP).new_page()
        browser.close()


def kind(path: str) -> str:
    """Of pages that differ only in whose they are, one is enough."""
    location, _, query = path.partition("?")
    names = sorted(part.partition("=")[0] for part in query.split("&"))
    return VARIABLE.sub("*", location) + "?" + "&".join(names)


def links(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        "a[href]", "all => all.map(a => a.getAttribute('href'))"
    )
    paths = [each.partition("#")[0] for each in found]
    return [each for each in paths if each.startswith("/console") and not DOWNLOADS.search(each)]


def test_every_page_can_be_reached_and_used_by_everybody(service: Service, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{page.url}: {message.text}"))
    page.goto(invited(service.database, f"{uuid4()}@example.org"))
    page.get_by_role("button", name="Sign in").click()
    waiting, seen = ["/console/e/acme", *links(page)], set[str]()
    wrong: list[str] = []
    while waiting:
        path = waiting.pop(0)
        if kind(path) in seen:
            continue
        seen.add(kind(path))
        response = page.goto(path)
        if response is None or response.status != 200:
            wrong.append(f"{path}: {response and response.status}")
            continue
        wrong += faults(page)
        waiting += links(page)
    assert not wrong, "\n".join(wrong)
    assert not complaints, "\n".join(complaints)
    assert len(seen) >= AT_LEAST, sorted(seen)
