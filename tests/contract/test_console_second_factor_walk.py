"""The second factor in a real browser, with JavaScript and without."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pyotp
import pytest
from playwright.sync_api import Browser, ConsoleMessage

from bursar import clock
from testing.clients.browsing import PASSWORD, invited
from testing.databases.migrated import migrated_url
from testing.shops.service import Service
from tests.contract.test_console_walk import browser

__all__ = ["browser"]  # fixtures

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """On SQLite, which keeps a secret beside the database: what a browser sees is the same."""
    folder: Path = tmp_path_factory.mktemp("walk")
    with ExitStack() as stack:
        yield Service.running(stack, migrated_url(folder, None), folder, {})


@pytest.mark.parametrize("with_scripts", [True, False], ids=["with scripts", "without scripts"])
def test_somebody_sets_an_app_up_and_comes_back_with_a_recovery_code(
    browser: Browser, sealed: Service, *, with_scripts: bool
) -> None:
    email, complaints = f"{uuid4().hex}@example.org", []

    def note(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    context = browser.new_context(base_url=sealed.url, java_script_enabled=with_scripts)
    page = context.new_page()
    page.on("console", note)
    page.goto(invited(sealed.database, email, asks_password=True))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password and sign in").click()
    page.goto("/console/account")
    page.get_by_role("link", name="Set it up").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Show the QR code").click()
    picture = page.get_by_alt_text("QR code of the key below")
    assert picture.bounding_box() == {**(picture.bounding_box() or {}), "width": 176, "height": 176}
    key = "".join(page.locator("code.key").inner_text().split())
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(key).at(clock.now()))
    page.get_by_role("button", name="Turn it on").click()
    codes = page.get_by_label("Recovery codes").get_by_role("listitem").all_inner_texts()
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept them").click()
    assert "10 of 10" in page.get_by_role("main").inner_text()
    page.get_by_role("button", name="Sign out").first.click()
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code", exact=True).fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    page.goto("/console/account")
    assert "9 recovery codes left" in page.get_by_role("main").inner_text()
    context.close()
    assert complaints == []
