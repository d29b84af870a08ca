"""Renders mails from the templates of a domain and the layouts that all domains share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    PackageLoader,
    StrictUndefined,
    Template,
    TemplateError,
    select_autoescape,
)

from bursar import clock
from bursar.delivery.channel import MailKind
from bursar.delivery.refusals import MailUnwritable
from bursar.delivery.rules import one_line
from bursar.delivery.views import Correspondent

_SUBJECT: Final = "Subject:"
_BLOCK: Final = "subject"


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class _Templates:
    subject: Callable[[dict[str, Any]], str]
    text: Template
    html: Template


def render(
    package: str, name: str, enterprise: Correspondent, context: Mapping[str, Any]
) -> Rendered:
    """Raises what Jinja2 raises, and ValueError for a template that does not name its subject."""
    templates = _templates(package, name)
    given = {**context, "enterprise": enterprise}
    return Rendered(
        one_line(templates.subject(given)),
        templates.text.render(given).strip() + "\n",
        templates.html.render(given).strip() + "\n",
    )


def render_for_reading(
    kind: MailKind, enterprise: Correspondent, context: Mapping[str, Any]
) -> Rendered:
    """Raises MailUnwritable."""
    try:
        return render(kind.templates, kind.name, enterprise, context)
    except (TemplateError, ValueError) as error:
        raise MailUnwritable(error) from error


@lru_cache
def _templates(package: str, name: str) -> _Templates:
    """The subject is compiled apart, so that no value in it can reach into the text below it."""
    loader = ChoiceLoader([PackageLoader(package), PackageLoader("bursar.delivery")])
    environment = _environment(loader)
    source = loader.get_source(environment, f"{name}.txt")[0]
    html = environment.get_template(f"{name}.html")
    plain = environment.overlay(autoescape=False)
    head, _, rest = source.partition("\n")
    if head.startswith(_SUBJECT):
        subject = plain.from_string(head.removeprefix(_SUBJECT))
        return _Templates(subject.render, plain.from_string(rest), html)
    text = plain.from_string(source)
    if _BLOCK not in text.blocks:
        raise ValueError(f"{name}.txt names no subject")
    return _Templates(partial(_block, text), text, html)


def _block(template: Template, given: dict[str, Any]) -> str:
    return "".join(template.blocks[_BLOCK](template.new_context(given)))


def _environment(loader: BaseLoader) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"one_line": one_line, "last_moment": _last_moment}
    return environment


def _last_moment(end: str) -> str:
    """How people are told of an end, which the context has in ISO 8601."""
    return clock.last_moment(clock.parse_instant(end))
