"""One request of the console as a screen sees it, and what a screen answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from bursar.accounts.service import ConsoleRole, SignedIn, actor_of, form_token
from bursar.actors import Actor
from bursar.console.installation.given import Installation
from bursar.database.engine import Database
from bursar.identity.service import EnterpriseView
from bursar.settings import Settings
from bursar.web.parameters import QueryParameters

MOST_FIELDS: Final = 5_000
MOST_SAID: Final = 400


class Form:
    """What a form sent. Fields that begin with `_` are the console's own."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        # No stored text holds a NUL, and PostgreSQL would not even compare one.
        self.pairs = [(name, value.replace("\x00", "\ufffd")) for name, value in pairs]

    @classmethod
    def read(cls, body: bytes) -> "Form":
        """Raises ValueError for too many fields."""
        text = body.decode("utf-8", "replace")
        return cls(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))

    def get(self, name: str) -> str:
        """The last value; empty when there is none."""
        return next((value for known, value in reversed(self.pairs) if known == name), "")

    def get_all(self, name: str) -> list[str]:
        return [value for known, value in self.pairs if known == name]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What has to be sent again after the person has confirmed who they are."""
        return [(name, value) for name, value in self.pairs if not name.startswith("_")]


@dataclass(slots=True)
class Visit:
    """What the front knows when it calls a screen."""

    path: str
    """Of the screen, without its query: links of a page are absolute."""
    parameters: Mapping[str, str | UUID]
    """Of the path."""
    query: QueryParameters
    form: Form
    cookie: str
    """Of the session; before somebody signed in, that of the form."""
    root: str
    address: str
    browser: str
    now: datetime
    request_id: str
    settings: Settings
    database: Database
    installation: Installation
    signed_in: SignedIn | None = None
    enterprise_view: EnterpriseView | None = None
    role: ConsoleRole | None = None
    target: Any = None
    """What the path names besides the enterprise: the typed object of an `Owned`."""
    said: str = ""
    """What the request before wants the person to read once."""

    @property
    def who(self) -> SignedIn:
        """Of a screen that nobody reaches without a session."""
        if self.signed_in is None:
            raise LookupError("nobody is signed in")
        return self.signed_in

    @property
    def is_let_in(self) -> bool:
        """Whether somebody is signed in who has the second factor that the installation demands."""
        return self.signed_in is not None and (
            self.signed_in.has_totp or not self.settings.console_require_totp
        )

    @property
    def enterprise(self) -> EnterpriseView:
        """Of a screen below `/console/e/{slug}`."""
        if self.enterprise_view is None:
            raise LookupError("this screen belongs to no enterprise")
        return self.enterprise_view

    @property
    def actor(self) -> Actor:
        return actor_of(self.who.user_uuid, self.request_id)

    @property
    def may_change(self) -> bool:
        return self.role in {ConsoleRole.ADMIN, ConsoleRole.OPERATOR}

    @property
    def token(self) -> str:
        return form_token(self.cookie)

    @property
    def base(self) -> str:
        """The beginning of the paths of this enterprise's screens."""
        return f"/console/e/{self.enterprise.slug}"

    def with_query(self, **changes: str | int | None) -> str:
        """This page with other parameters; None leaves one out, and any change the page number."""
        kept = [
            (name, value)
            for name, value in self.query.pairs
            if value and name not in changes and name != "page"
        ]
        added = [(name, str(value)) for name, value in changes.items() if value is not None]
        query = urlencode([*kept, *added])
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True, slots=True)
class Html:
    """A page. One that answers a form says what was wrong: nothing that the form asked for is
    kept."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class File:
    """Something to keep, with exactly the rows that a page shows, on all of its pages."""

    name: str
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Goto:
    """What a form asked for is done; the browser goes on to another page of the console."""

    path: str
    said: str = ""
    cookie: str | None = None
    """A new session; empty: the session has ended."""


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """What a form asked for is done, and its page shows what nobody can read again. Whoever sends
    the form once more is led on, to where it does not stand."""

    html: Html
    again: Goto


class Refused(Exception):
    """A page that says why not. `cure` is what the person can do."""

    def __init__(self, status: int, title: str, reason: str, cure: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.title = title
        self.reason = reason
        self.cure = cure


class NotThere(Refused):
    """What is unknown, and what is another enterprise's: nobody can tell them apart."""

    def __init__(self) -> None:
        super().__init__(
            404,
            "This page is not there",
            "There is nothing at this address, or nothing that you may see.",
            "Check the address, or begin at the start page.",
        )
