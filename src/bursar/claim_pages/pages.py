"""Writes the pages from their templates."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
)
from markupsafe import Markup

from bursar.claim_pages.sentences import sentence_of
from bursar.claims.views import ClaimView
from bursar.languages.texts import Texts

_FOLDER = "claim"
"""Within the installation's own templates."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A page that is about nothing that anybody was given."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a claim page shows beside the claim."""

    course_url: str | None = None
    """Where the learner goes on, once there is such a place."""
    course_urls: tuple[tuple[str, str], ...] = ()
    """Title and place of each course that is taken with the license."""
    asked: str | None = None
    """What courses were searched for; None where they were not."""
    is_enrolling: bool = False
    """Whether the learner was to be enrolled in a course that is not among these yet."""
    register_url: str = ""
    """Where learners without an account register."""


def claim_page(view: ClaimView, texts: Texts, found: Found, templates: str = "") -> bytes:
    """`templates` is the folder with the installation's own; empty: there is none."""
    sentence = None if view.obstacle is None else sentence_of(view, texts)
    context = {"claim": view, "look": view.look, "sentence": sentence, "found": found}
    return _written(templates, f"{view.kind}.html", texts, **context)


def notice_page(notice: Notice, texts: Texts, templates: str = "") -> bytes:
    return _written(templates, "notice.html", texts, notice=notice, look=None)


def _written(templates: str, name: str, texts: Texts, **context: object) -> bytes:
    template = _environment(templates).get_template(name)
    return template.render(context, _=texts, texts=texts).encode()


@lru_cache(maxsize=1)
def _environment(templates: str) -> Environment:
    loaders: list[BaseLoader] = [PackageLoader("bursar.claim_pages")]
    if templates:
        loaders.insert(0, FileSystemLoader(Path(templates) / _FOLDER))
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["contact_link"] = _contact_link
    environment.globals["address"] = _address
    return environment


def _address(address: str) -> Markup:
    return Markup('<bdi dir="ltr">{0}</bdi>').format(address)


def _contact_link(address: str) -> Markup:
    # An address may be longer than a line, and in any writing: it is isolated from its sentence.
    return Markup('<a href="mailto:{0}" dir="ltr">{0}</a>').format(address)
