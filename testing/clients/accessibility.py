"""Whether everybody can use a page that is open in a browser: by the rules of axe, in light and
dark and on a phone."""

from collections.abc import Iterator, Mapping

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1280, height=800)


def faults(page: Page) -> list[str]:
    """In sentences. Needs a browser that runs scripts. Leaves the page dark, and wide."""
    return list(_faults(page))


def _faults(page: Page) -> Iterator[str]:
    page.emulate_media(color_scheme="light")
    yield from _findings(page, "light", {})
    page.emulate_media(color_scheme="dark")
    # Nothing but colours is another.
    yield from _findings(page, "dark", {"runOnly": ["color-contrast"]})
    page.set_viewport_size(PHONE)
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > PHONE["width"]:
        yield f"{page.url}, phone: it is {width} pixels wide"
    yield from _findings(page, "phone", {})
    page.set_viewport_size(DESKTOP)


def _findings(page: Page, look: str, options: Mapping[str, object]) -> Iterator[str]:
    response = Axe().run(page, options={"resultTypes": ["violations"], **options}).response
    for violation in response["violations"]:
        for node in violation["nodes"]:
            told = f"{violation['id']}: {node['target']} {node['failureSummary']}"
            yield f"{page.url}, {look}: {told}"
