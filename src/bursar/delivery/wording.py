"""What mails say, in the language of the enterprise: as text, and as HTML."""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from bursar.delivery.rules import one_line
from bursar.delivery.views import Correspondent
from bursar.languages.catalogs import texts_in
from bursar.languages.texts import Texts

_CONTACT: Final = Markup(
    '<a class="link" href="mailto:{0}" dir="ltr" style="color: #0b5cad;">{0}</a>'
)
_ISOLATE: Final = "\u2068{}\u2069"
"""Lets a name in another writing keep its own direction, as <bdi> does in HTML."""


def texts_of(enterprise: Correspondent) -> Texts:
    language = enterprise.look.language
    wanted = [] if language is None else [language]
    return texts_in("bursar.delivery", wanted, enterprise.look.timezone)


@dataclass(frozen=True, slots=True)
class MailWords:
    """`_("%(enterprise)s has ...", enterprise=...)` in templates."""

    texts: Texts

    def plain(self, message: str, **values: object) -> str:
        is_right_to_left = self.texts.direction == "rtl"
        told = {name: one_line(str(value)) for name, value in values.items()}
        if is_right_to_left:
            told = {name: _ISOLATE.format(value) for name, value in told.items()}
        return self.texts.messages.get(message, message) % told

    def marked_up(self, message: str, **values: object) -> Markup:
        """A value that is a text may be in any writing, and keeps its direction; markup does not
        need that."""
        isolated = {
            name: value if isinstance(value, Markup) else Markup("<bdi>{}</bdi>").format(value)
            for name, value in values.items()
        }
        return self.texts(message, **isolated)


def strong(value: str) -> Markup:
    return Markup("<strong><bdi>{}</bdi></strong>").format(value)


def contact_link(address: str) -> Markup:
    return _CONTACT.format(address)
