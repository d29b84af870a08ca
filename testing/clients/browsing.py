"""A browser without JavaScript, as far as the console notices: cookies, forms, and where a form
comes from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Self
from uuid import UUID, uuid4

import httpx

from bursar import clock
from bursar.accounts import service as accounts
from bursar.accounts.service import ConsoleRole, Invite, form_token
from bursar.actors import Actor
from bursar.database.engine import Database

PASSWORD = "quiet harbour lamp 42 violin"
Fields = Mapping[str, str | Sequence[str]]
_ACTOR = Actor("operator:test")


def invited(
    database: Database,
    email: str,
    enterprise: UUID | None = None,
    role: ConsoleRole = ConsoleRole.ADMIN,
    *,
    asks_password: bool = False,
) -> str:
    """The path of a link; without an enterprise for an operator."""
    given = ConsoleRole.OPERATOR if enterprise is None else role
    command = Invite(email, enterprise, given, asks_password)
    with database.transaction() as session:
        return f"/console/link/{accounts.invite(session, _ACTOR, command, at=clock.now())}"


@dataclass
class Browsing:
    http: httpx.Client

    @classmethod
    def at(cls, url: str) -> Self:
        return cls(httpx.Client(base_url=url, timeout=60))

    @property
    def origin(self) -> str:
        return str(self.http.base_url).rstrip("/")

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers=headers)

    def page(self, path: str) -> str:
        response = self.get(path)
        assert response.status_code == 200, (path, response.status_code, response.text)
        return response.text

    def cookie(self, name: str = "bursar") -> str:
        return self.http.cookies.get(name) or ""

    def post(
        self,
        path: str,
        fields: Fields | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        cookie: str = "bursar",
    ) -> httpx.Response:
        """As the page would send it, unless the headers and the fields say otherwise."""
        own = {"_token": form_token(self.cookie(cookie)), "_key": str(uuid4())}
        sent = {"Origin": self.origin, **(headers or {})}
        data = {**own, **(fields or {})}
        return self.http.post(path, data=data, headers=sent)

    def follow(self, response: httpx.Response) -> str:
        """The page to which a form leads."""
        assert response.status_code == 303, (response.status_code, response.text)
        return self.page(response.headers["location"])

    def use_link(self, link: str, password: str = "") -> httpx.Response:
        self.page(link)
        fields = {"password": password} if password else {}
        return self.post(link, fields, cookie="bursar-form")

    def sign_in(self, email: str, password: str, **fields: str) -> httpx.Response:
        self.page("/console/sign-in")
        given = {"email": email, "password": password, **fields}
        return self.post("/console/sign-in", given, cookie="bursar-form")


def hidden_fields(page: str, name: str) -> list[str]:
    """The values of hidden fields with this name."""
    pattern = rf'<input type="hidden" name="{re.escape(name)}" value="([^"]*)">'
    return [unescape(value) for value in re.findall(pattern, page)]


def heading(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert found, page
    return unescape(found[1])


def signed_in(
    url: str,
    database: Database,
    enterprise: UUID | None = None,
    role: ConsoleRole = ConsoleRole.ADMIN,
) -> Browsing:
    """Somebody new with this role, in a browser of their own."""
    browsing = Browsing.at(url)
    email = f"{role.value}-{uuid4().hex}@example.org"
    response = browsing.use_link(invited(database, email, enterprise, role))
    assert response.status_code == 303, response.text
    return browsing
