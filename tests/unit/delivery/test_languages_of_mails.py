"""Mails to learners: in five languages, and as their enterprise shows itself."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bursar.claims.looks import Look
from bursar.delivery.rendering import Rendered, render, render_for_reading
from bursar.delivery.views import Correspondent
from bursar.languages.catalogs import LANGUAGES
from bursar.work import MAIL_KINDS

TRANSLATED = [language for language in LANGUAGES if language != "en"]
LINK = "https://learn.example.org/claim/abc"
END = "2027-01-01T00:00:00Z"
COURSE: Mapping[str, Any] = {"content_key": "edX+S", "content_title": "Statistics <1>"}
PLAN: Mapping[str, Any] = {"plan_title": "Everything", "expiration_date": END}
COURSES = [{"title": "Statistics <1>", "link": "https://courses.example.org/a"}]
CONTEXTS: Mapping[str, Mapping[str, Any]] = {
    "assignment-allocated": {**COURSE, "deadline": END, "link": "https://courses.example.org/e"},
    "assignment-reminded": {**COURSE, "deadline": END, "link": "https://courses.example.org/e"},
    "assignment-cancelled": COURSE,
    "assignment-expired": {**COURSE, "deadline": END},
    "license-assigned": {**PLAN, "greeting": "Hello", "closing": "Bye"},
    "license-reminder": PLAN,
    "license-enrolled": {"courses": COURSES * 2},
    "course-enrolled": {"courses": COURSES},
}
"""Of every kind of mail to learners."""
CLAIMED = {
    "assignment-allocated",
    "assignment-reminded",
    "license-assigned",
    "license-reminder",
    "license-enrolled",
    "course-enrolled",
}


def written(kind: str, look: Look, folder: str = "") -> Rendered:
    told = MAIL_KINDS[kind]
    enterprise = Correspondent("Acme <Inc>", "people@example.org", look)
    link = None if told.claim is None else LINK
    return render(told.templates, kind, told.reads(enterprise), CONTEXTS[kind], link, folder=folder)


def messages() -> set[str]:
    """What the templates of mails to learners say, in English."""
    rooms = {MAIL_KINDS[kind].templates for kind in CONTEXTS} | {"bursar.delivery"}
    methods = [("templates/**.txt", "jinja2"), ("templates/**.html", "jinja2")]
    found = [
        message
        for room in rooms
        for message in extract_from_dir(
            Path(str(files(room))), methods, {"templates/**": {"trimmed": "true"}}, {"_": None}
        )
    ]
    return {str(message) for _, _, message, _, _ in found}


def translated(language: str) -> dict[str, str]:
    path = Path(str(files("bursar.delivery"))) / "locale" / f"{language}.po"
    with path.open("rb") as file:
        return {str(each.id): str(each.string) for each in read_po(file) if each.id}


def test_every_kind_of_mail_to_learners_is_here() -> None:
    assert CONTEXTS.keys() == {name for name, kind in MAIL_KINDS.items() if kind.is_for_learners}
    assert {name for name in CONTEXTS if MAIL_KINDS[name].claim is not None} == CLAIMED


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_and_nothing_else(language: str) -> None:
    known = translated(language)
    assert known.keys() == messages()
    values = dict.fromkeys(("date", "enterprise", "contact", "course", "count", "plan"), "(value)")
    for message, translation in known.items():
        assert (message % values).count("(value)") == (translation % values).count("(value)")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", CONTEXTS)
def test_each_mail_is_in_the_language_of_the_enterprise(kind: str, language: str) -> None:
    mail = written(kind, Look(language=language, timezone="Europe/Berlin"))
    english = written(kind, Look(timezone="Europe/Berlin"))
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in mail.html
    assert mail.language == language
    is_same = language == "en"
    assert (mail.subject == english.subject) is is_same
    assert (mail.text == english.text) is is_same
    assert "%(" not in mail.subject + mail.text + mail.html
    assert "<1>" not in mail.html
    assert "Acme <Inc>" in mail.text


@pytest.mark.parametrize("kind", sorted(CLAIMED))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_link_is_in_the_text_and_in_the_html(kind: str, language: str) -> None:
    mail = written(kind, Look(language=language))
    assert LINK in mail.text.split()
    assert f'href="{LINK}"' in mail.html


@pytest.mark.parametrize("language", ["tlh", "", "xx-YY", "en-GB"])
def test_a_language_that_nobody_has_is_english(language: str) -> None:
    assert written("license-reminder", Look(language=language)).language == "en"


def test_names_in_a_mail_from_right_to_left_keep_their_direction() -> None:
    mail = written("assignment-allocated", Look(language="ar"))
    assert "\u2068Statistics <1>\u2069" in mail.text
    assert "<strong><bdi>Statistics &lt;1&gt;</bdi></strong>" in mail.html
    assert "\u2068" not in mail.subject


def test_the_enterprise_is_recognised_by_its_logo_and_colour() -> None:
    logo = "https://cdn.example.org/a.png?b=1&c=2"
    html = written("license-assigned", Look(logo=logo, accent="#f2c14e")).html
    assert 'src="https://cdn.example.org/a.png?b=1&amp;c=2" alt="Acme &lt;Inc&gt;"' in html
    assert "background: #f2c14e; color: #10151c;" in html
    plain = written("license-assigned", Look()).html
    assert "<img" not in plain
    assert "background: #0b5cad; color: #ffffff;" in plain


def test_dates_are_those_of_the_time_zone() -> None:
    german = written("license-reminder", Look(language="de", timezone="Europe/Berlin"))
    assert "Das Abonnement läuft bis 1. Januar 2027, 01:00 MEZ." in german.text
    dubai = written("license-reminder", Look(language="es", timezone="Asia/Dubai"))
    assert "1 de enero de 2027, 04:00 GMT+04:00." in dubai.text
    unknown = written("license-reminder", Look(language="de", timezone="Mars/Olympus"))
    assert "31. Dezember 2026, 23:59 UTC" in unknown.text


def test_who_administrates_reads_english() -> None:
    kind = MAIL_KINDS["webhook-disabled"]
    context = {"url": "https://a.example", "description": "", "reason": "", "failing_since": None}
    enterprise = Correspondent("Acme", "people@example.org", Look(language="ar"))
    mail = render_for_reading(kind, enterprise, context)
    assert mail.language == "en"
    assert "Questions? Write to people@example.org." in mail.text


def test_a_mail_that_waited_while_the_version_changed_can_be_sent() -> None:
    kind = MAIL_KINDS["assignment-expired"]
    told = {**COURSE, "deadline": "31 December 2026, 23:59 UTC"}
    enterprise = Correspondent("Acme", None)
    assert (
        "31 December 2026, 23:59 UTC." in render(kind.templates, kind.name, enterprise, told).text
    )


def test_templates_of_the_installation_are_used_in_place_of_ours(tmp_path: Path) -> None:
    own = tmp_path / "mail"
    own.mkdir()
    (own / "layout.txt").write_text("{% block body required %}{% endblock %}\nACME LEARNING\n")
    (own / "license-reminder.html").write_text(
        '{% extends "layout.html" %}{% block body %}<p>Ours, {{ claim_link }}</p>{% endblock %}'
    )
    mail = written("license-reminder", Look(), str(tmp_path))
    assert mail.text.endswith("ACME LEARNING\n")
    assert f"<p>Ours, {LINK}</p>" in mail.html
    other = written("license-assigned", Look(), str(tmp_path))
    assert "ACME LEARNING" in other.text
    assert "Activate my license" in other.html
    assert "ACME LEARNING" not in written("license-reminder", Look()).text
