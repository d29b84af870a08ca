"""What mails say: the templates of a domain over the layouts that all share."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    PackageLoader,
    StrictUndefined,
    Template,
    select_autoescape,
)

from bursar import clock
from bursar.notifications.rules import one_line

_SUBJECT: Final = "Subject:"


@dataclass(frozen=True, slots=True)
class Correspondent:
    """The enterprise that a mail speaks for, as templates see it."""

    name: str
    contact_email: str | None


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class _Templates:
    subject: Template
    text: Template
    html: Template


def render(
    package: str, name: str, enterprise: Correspondent, context: Mapping[str, Any]
) -> Rendered:
    """Raises what Jinja2 raises, and ValueError for a template that does not name its subject."""
    templates = _templates(package, name)
    given = {**context, "enterprise": enterprise}
    return Rendered(
        one_line(templates.subject.render(given)),
        templates.text.render(given).strip() + "\n",
        templates.html.render(given).strip() + "\n",
    )


@lru_cache
def _templates(package: str, name: str) -> _Templates:
    """The subject is a template of its own: no value in it can reach into the text below."""
    loader = ChoiceLoader([PackageLoader(package), PackageLoader("bursar.notifications")])
    environment = _environment(loader)
    source = loader.get_source(environment, f"{name}.txt")[0]
    head, _, text = source.partition("\n")
    if not head.startswith(_SUBJECT):
        raise ValueError(f"{name}.txt does not begin with its subject")
    plain = environment.overlay(autoescape=False)
    return _Templates(
        plain.from_string(head.removeprefix(_SUBJECT)),
        plain.from_string(text),
        environment.get_template(f"{name}.html"),
    )


def _environment(loader: BaseLoader) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"one_line": one_line, "date": _date}
    return environment


def _date(instant: str) -> str:
    """Of an ISO 8601 instant, in UTC: 24 February 2026."""
    at = clock.parse_instant(instant)
    return f"{at.day} {at:%B %Y}"
