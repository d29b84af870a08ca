"""The texts, forms and styles of claim pages."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from bursar.claim_pages.forms import Action, Form, form_of, searched
from bursar.claim_pages.headers import page_headers
from bursar.claim_pages.languages import texts_for
from bursar.claim_pages.pages import Found, Notice, claim_page, notice_page
from bursar.claim_pages.sentences import sentence_of
from bursar.claim_pages.styles import style_named
from bursar.claims.looks import Look
from bursar.claims.tokens import ClaimKind
from bursar.claims.views import ClaimState, ClaimView, Obstacle
from bursar.languages.catalogs import LANGUAGES
from bursar.languages.colours import ink_on

ROOM = Path(str(files("bursar.claim_pages")))
TRANSLATED = [language for language in LANGUAGES if language != "en"]
MIDNIGHT = datetime(2027, 1, 1, tzinfo=UTC)
METHODS = [("**.py", "python"), ("**.html", "jinja2")]


def messages() -> set[str]:
    """What the code and the templates say, in English."""
    found = extract_from_dir(
        ROOM,
        METHODS,
        {"**.html": {"trimmed": "true"}},
        {"_": None, "N_": None},
    )
    return {str(message) for _, _, message, _, _ in found}


def translated(language: str) -> dict[str, str]:
    with (ROOM / "locale" / f"{language}.po").open("rb") as file:
        return {str(each.id): str(each.string) for each in read_po(file) if each.id}


def view(**fields: Any) -> ClaimView:
    standard: dict[str, Any] = {
        "kind": ClaimKind.ASSIGNMENT,
        "enterprise_uuid": uuid4(),
        "email": "ana@example.org",
        "enterprise_name": "Acme",
        "contact": "help@example.org",
        "title": "Statistics",
        "until": MIDNIGHT,
        "state": ClaimState.OFFERED,
    }
    return ClaimView(**(standard | fields))


def written(of: ClaimView, accept: str = "en", templates: str = "") -> str:
    texts = texts_for(accept, of.look.language, of.look.timezone)
    return claim_page(of, texts, Found(), templates).decode()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_nothing_else(language: str) -> None:
    known = translated(language)
    assert known.keys() == messages()
    assert all(known.values())


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_name_the_values_of_their_texts(language: str) -> None:
    values: Mapping[str, str] = dict.fromkeys(
        ("date", "enterprise", "contact", "course", "email"), "(value)"
    )
    for message, translation in translated(language).items():
        assert (message % values).count("(value)") == (translation % values).count("(value)")


@pytest.mark.parametrize("obstacle", Obstacle)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_obstacle_has_a_sentence(obstacle: Obstacle, language: str) -> None:
    texts = texts_for(language, None, None)
    sentence = sentence_of(view(obstacle=obstacle, obstacle_at=MIDNIGHT), texts)
    assert len(sentence) > 10
    assert "%" not in sentence


@pytest.mark.parametrize(
    ("accept", "preferred", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", None, "de"),
        ("pt-BR,fr;q=0.4,es;q=0.7", None, "es"),
        ("tlh", None, "en"),
        ("tlh", "ar", "ar"),
        ("tlh", "tlh", "en"),
        ("", "fr", "fr"),
        ("ES_mx", None, "es"),
        ("es;q=0, fr;q=0.1", None, "fr"),
        ("es;q=x", "de", "de"),
        ("*", "de", "de"),
        (";;q=,,==", None, "en"),
    ],
)
def test_the_browser_is_asked_before_the_enterprise(
    accept: str, preferred: str | None, language: str
) -> None:
    assert texts_for(accept, preferred, None).language == language


@given(st.text())
def test_any_header_gives_a_language(accept: str) -> None:
    assert texts_for(accept, None, None).language in LANGUAGES


def test_arabic_runs_from_right_to_left() -> None:
    page = written(view(), "ar")
    assert '<html lang="ar" dir="rtl">' in page
    assert '<html lang="fr" dir="ltr">' in written(view(), "fr")


def test_an_end_is_told_as_its_last_minute_where_the_enterprise_is() -> None:
    assert texts_for("en", None, None).last_moment(MIDNIGHT) == "31 December 2026, 23:59 UTC"
    berlin = texts_for("de", None, "Europe/Berlin")
    assert berlin.timezone == ZoneInfo("Europe/Berlin")
    assert berlin.last_moment(MIDNIGHT) == "1. Januar 2027, 01:00 MEZ"
    assert texts_for("en", None, "Mars/Olympus").timezone is UTC


def test_values_are_escaped_in_every_language() -> None:
    for language in LANGUAGES:
        page = written(view(enterprise_name="<b>A & B</b>", title="%(date)s <i>"), language)
        assert "<b>" not in page
        assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in page
        assert "%(date)s &lt;i&gt;" in page


def test_a_page_shows_the_look_of_its_enterprise() -> None:
    look = Look(logo="https://cdn.example.org/a.png", accent="#7a1f5c")
    page = written(view(look=look))
    assert '<img src="https://cdn.example.org/a.png" alt="Acme">' in page
    assert 'href="static/accent-7a1f5c.css"' in page
    policy = page_headers(look, "https://lms.example.org")["content-security-policy"]
    assert "img-src https://cdn.example.org;" in policy
    assert "img-src" not in page_headers(Look(), "https://a.example")["content-security-policy"]


def test_the_consent_is_asked_only_where_somebody_wants_it() -> None:
    assert 'name="share"' not in written(view())
    asked = written(view(consents=False, look=Look(ask_consent=True, consent_text="One\nTwo")))
    assert 'name="share"' in asked
    assert "checked" not in asked
    assert "One\nTwo" in asked
    assert 'value="withdraw"' in written(view(consents=True, state=ClaimState.DONE))
    assert 'value="share"' in written(view(consents=False, state=ClaimState.DONE))


def test_an_installation_puts_its_own_templates_in_place_of_ours(tmp_path: Path) -> None:
    own = tmp_path / "claim"
    own.mkdir()
    (own / "notice.html").write_text("<p>Our own: {{ _(notice.heading) }}</p>")
    (own / "page.css").write_text("p { color: red; }")
    notice = Notice("This link leads nowhere", "")
    page = notice_page(notice, texts_for("de", None, None), str(tmp_path))
    assert page == "<p>Our own: Dieser Link führt nirgendwohin</p>".encode()
    assert "Enroll now" in written(view(), templates=str(tmp_path))
    assert style_named("page.css", str(tmp_path)) == b"p { color: red; }"


@pytest.mark.parametrize(
    ("colour", "ink"),
    [("000000", "#ffffff"), ("ffffff", "#10151c"), ("ffcc00", "#10151c"), ("7a1f5c", "#ffffff")],
)
def test_the_ink_on_a_colour_can_be_read(colour: str, ink: str) -> None:
    assert ink_on(colour) == ink
    style = style_named(f"accent-{colour}.css")
    assert style == f":root {{ --accent: #{colour}; --on-accent: {ink}; }}\n".encode()


@pytest.mark.parametrize(
    "name",
    ["accent-.css", "accent-fff.css", "accent-7A1F5C.css", "other.css", "accent-7a1f5c.css\n"],
)
def test_there_is_no_other_sheet(name: str) -> None:
    assert style_named(name) is None


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", Form()),
        (b"action=take&share=yes", Form(shares_progress=True)),
        (b"action=withdraw", Form(Action.WITHDRAW)),
        (b"course=edX%2BDemoX", Form(course_key="edX+DemoX")),
        (b"action=destroy&share=on", Form()),
        (b"\xff=%ff&course=%ff", Form()),
        (b"course=" + b"a" * 256, Form()),
        (b"&".join(b"a=1" for _ in range(100)), Form()),
    ],
)
def test_a_form_that_cannot_be_read_says_nothing(body: bytes, form: Form) -> None:
    assert form_of(body) == form


def test_what_is_searched_for_is_one_line_and_short() -> None:
    assert searched(b"q=+data%0D%0A++science+") == "data science"
    assert searched(b"q=" + b"a" * 500) == "a" * 100
    assert searched(b"") is None
    assert searched(b"q=%ff") is None
