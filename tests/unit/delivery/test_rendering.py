import re
from typing import Any

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from bursar.delivery.rendering import Rendered, render
from bursar.delivery.rendering import _templates as templates_of
from bursar.delivery.views import Correspondent
from bursar.work import MAIL_KINDS

ACME = Correspondent("Acme <Inc>", "hr@acme.example")
CONTEXT = {"title": "Chess", "deadline": "2026-04-02T00:00:00Z"}


def rendered(enterprise: Correspondent = ACME, **context: Any) -> Rendered:
    return render("tests.delivery", "test-mail", enterprise, CONTEXT | context)


def test_the_first_line_is_the_subject_and_the_rest_the_text() -> None:
    mail = rendered()
    assert mail.subject == "Acme <Inc>: Chess"
    assert mail.text.startswith("Hello, Chess lasts until 1 April 2026, 23:59 UTC.\n")
    assert mail.text.endswith("-- \nAcme <Inc>\nQuestions? Write to hr@acme.example.\n")


def test_html_is_escaped_and_text_is_not() -> None:
    mail = rendered(title="<b>&")
    assert "Hello, <b>& lasts" in mail.text
    assert "Hello, &lt;b&gt;&amp; lasts" in mail.html
    assert "<b>" not in mail.html
    assert "Acme &lt;Inc&gt;" in mail.html


def test_lines_of_a_value_do_not_leave_the_subject() -> None:
    mail = rendered(title="One\n\nTwo")
    assert mail.subject == "Acme <Inc>: One Two"
    assert mail.text.startswith("Hello, One\n\nTwo lasts")


def test_a_block_can_be_the_subject() -> None:
    mail = render("tests.delivery", "subject-block", ACME, {"title": "One\n\nTwo"})
    assert (mail.subject, mail.text[:6]) == ("About One Two", "Hello\n")


def test_an_enterprise_without_a_contact_offers_none() -> None:
    mail = rendered(Correspondent("Acme", None))
    assert "Questions" not in mail.text + mail.html


def test_the_page_is_accessible_and_loads_nothing() -> None:
    html = rendered().html
    assert re.search(
        r"<html lang=\"en\" dir=\"ltr\">.*<title>[^<]+</title>.*<main", html, re.DOTALL
    )
    assert not re.search(r"<(img|link|script|iframe)|url\(|src=", html)


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'title' is undefined"):
        render("tests.delivery", "test-mail", ACME, {"deadline": CONTEXT["deadline"]})


def test_templates_that_are_missing_or_name_no_subject_are_errors() -> None:
    with pytest.raises(TemplateNotFound):
        render("tests.delivery", "unknown", ACME, {})
    with pytest.raises(ValueError, match="names no subject"):
        render("tests.delivery", "no-subject", ACME, {})


@pytest.mark.parametrize("name", MAIL_KINDS)
def test_every_kind_of_mail_has_its_templates(name: str) -> None:
    kind = MAIL_KINDS[name]
    assert kind.name == name
    assert templates_of(kind.templates, name).html.name == f"{name}.html"
