"""Renders mails from the templates of a domain and the layouts that all domains share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    Template,
    TemplateError,
    pass_context,
    select_autoescape,
)
from jinja2.runtime import Context
from markupsafe import Markup

from bursar import clock
from bursar.delivery.channel import MailKind
from bursar.delivery.refusals import MailUnwritable
from bursar.delivery.rules import one_line
from bursar.delivery.views import Correspondent
from bursar.delivery.wording import MailWords, contact_link, strong, texts_of
from bursar.languages.colours import ink_on

_FOLDER: Final = "mail"
"""Within the installation's own templates."""
_ACCENT: Final = "#0b5cad"
_SUBJECT: Final = "Subject:"
_BLOCK: Final = "subject"


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class _Templates:
    subject: Callable[[dict[str, Any]], str]
    text: Template
    html: Template


def render(
    package: str,
    name: str,
    enterprise: Correspondent,
    context: Mapping[str, Any],
    claim_link: str | None = None,
    *,
    folder: str = "",
) -> Rendered:
    """`folder` is the one with the installation's own templates; empty: there is none.

    Raises what Jinja2 raises, and ValueError for a template that does not name its subject.
    """
    templates = _templates(package, name, folder)
    texts = texts_of(enterprise)
    words = MailWords(texts)
    accent = enterprise.look.accent or _ACCENT
    given = {**context, "enterprise": enterprise, "claim_link": claim_link, "texts": texts}
    plain = {**given, "_": words.plain}
    subject = one_line(templates.subject(plain))
    shown = {"subject": subject, "accent": accent, "ink": ink_on(accent.removeprefix("#"))}
    return Rendered(
        subject,
        templates.text.render(plain).strip() + "\n",
        templates.html.render({**given, **shown, "_": words.marked_up}).strip() + "\n",
        texts.language,
    )


def render_for_reading(
    kind: MailKind,
    enterprise: Correspondent,
    context: Mapping[str, Any],
    claim_link: str | None = None,
    *,
    folder: str = "",
) -> Rendered:
    """Raises MailUnwritable."""
    try:
        return render(
            kind.templates,
            kind.name,
            kind.reads(enterprise),
            context,
            claim_link,
            folder=folder,
        )
    except (TemplateError, ValueError) as error:
        raise MailUnwritable(error) from error


@lru_cache
def _templates(package: str, name: str, folder: str = "") -> _Templates:
    """The subject is compiled apart, so that no value in it can reach into the text below it."""
    loaders: list[BaseLoader] = [PackageLoader(package), PackageLoader("bursar.delivery")]
    if folder:
        loaders.insert(0, FileSystemLoader(Path(folder) / _FOLDER))
    loader = ChoiceLoader(loaders)
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
    environment.filters |= {
        "one_line": one_line,
        "last_moment": _last_moment,
        "strong": strong,
        "contact_link": contact_link,
    }
    return environment


@pass_context
def _last_moment(context: Context, end: str) -> Markup:
    """How people are told of an end, which the context has in ISO 8601. A mail that a version
    before this one has queued says it in words already."""
    try:
        instant = clock.parse_instant(end)
    except ValueError:
        return Markup.escape(end)
    return Markup.escape(context["texts"].last_moment(instant))
