"""What people type, and where they may be led."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.console.addresses import read_addresses
from bursar.console.colours import DARK, LIGHT, READABLE, contrast, readable, theme
from bursar.console.figures import ago, dollars, money, percent
from bursar.console.guards import START, own_path
from bursar.console.rendering import environment

PASTED = """Name,E-Mail
"Ada Lovelace" <Ada@Example.org>; grace@example.org
ada@example.org\tbroken@@example.org
alan@bücher.example"""


def test_addresses_are_read_from_whatever_was_pasted() -> None:
    found = read_addresses(PASTED)
    assert found.emails == ("ada@example.org", "grace@example.org", "alan@xn--bcher-kva.example")
    assert found.repeated == 1
    assert found.wrong == (("broken@@example.org", "Enter a valid email address."),)


@given(st.text())
def test_any_text_can_be_pasted(text: str) -> None:
    found = read_addresses(text)
    assert len(set(found.emails)) == len(found.emails)


@pytest.mark.parametrize(
    "path",
    [
        "/console",
        "/console/e/acme/assignments?budget=4fa11bd5&learner_state=failed",
        "/console/e/acme/assignments?search=ada%40example.org",
    ],
)
def test_a_page_of_the_console_is_gone_on_to(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/console",
        "//evil.example/console",
        "/console//evil.example",
        "/console/../docs",
        "/console\\evil.example",
        "/consolevil",
        "/docs",
        "javascript:alert(1)",
        "/console/\nLocation: https://evil.example",
        "",
    ],
)
def test_nobody_is_led_elsewhere(path: str) -> None:
    assert own_path(path) == START


@given(st.integers(0, 0xFFFFFF))
def test_every_accent_can_be_read(number: int) -> None:
    colour = f"#{number:06x}"
    for paper in (LIGHT, DARK):
        assert contrast(readable(colour, paper), paper) >= READABLE


def test_a_readable_accent_stays_as_it_is() -> None:
    assert readable("#3b5bdb", LIGHT) == "#3b5bdb"
    assert "--accent:#3b5bdb" in theme("#3b5bdb")


def test_amounts_are_written_with_cents() -> None:
    assert dollars(123456789) == "1,234,567.89"
    assert dollars(-5) == "\N{MINUS SIGN}0.05"
    assert money(19900) == "$199.00"
    assert percent(1, 0) == "-"
    assert percent(1, 4) == "25 %"


def test_templates_escape_whatever_they_show() -> None:
    template = environment().from_string("{{ title }}")
    shown = template.render(title="<script>{{ 7*7 }}</script>")
    assert shown == "&lt;script&gt;{{ 7*7 }}&lt;/script&gt;"


def test_times_are_told_as_people_do() -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert ago(now - timedelta(hours=3), now) == "3 hours ago"
    assert ago(now + timedelta(days=1, hours=2), now) == "in 1 day"
    assert ago(now, now) == "just now"
