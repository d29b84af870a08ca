"""Parses the settings of mail. No message quotes a URL, because it may contain a password."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from bursar import emails

_PORTS: Final = {"smtp": 25, "smtps": 465}
_NAMED: Final = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_PLAIN_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    host: str
    port: int
    tls: bool
    """Whether the connection uses TLS from its first byte on."""
    starttls_required: bool
    username: str | None
    password: str | None = field(repr=False)
    allows_unencrypted_login: bool = False
    """Whether the password may be sent to a server that offers no encryption."""


@dataclass(frozen=True, slots=True)
class Sender:
    name: str
    address: str


def parse_smtp_url(url: str) -> SmtpServer:
    """`smtp://USER:PASSWORD@HOST:PORT?starttls=required` or `smtps://...`. Raises ValueError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("cannot be read as a URL; percent-encode what is special") from None
    if parts.scheme not in _PORTS:
        raise ValueError("must begin with smtp:// or smtps://")
    if not host or port == 0 or not re.fullmatch(r"[^\s%@]+", host):
        raise ValueError("names no server: smtp://HOST:PORT")
    if parts.path not in {"", "/"} or parts.fragment:
        raise ValueError("has something behind the server; percent-encode / and # in a password")
    tls = parts.scheme == "smtps"
    username, password = _credentials(parts)
    return SmtpServer(
        host=host,
        port=port or _PORTS[parts.scheme],
        tls=tls,
        starttls_required=_requires_starttls(parts.query, tls=tls),
        username=username,
        password=password,
    )


def _requires_starttls(query: str, *, tls: bool) -> bool:
    if query not in {"", "starttls=required"}:
        raise ValueError("knows no other option than ?starttls=required")
    if query and tls:
        raise ValueError("needs no STARTTLS with smtps://")
    return bool(query)


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    if parts.username is None:
        return None, None
    if not parts.username or not parts.password:
        raise ValueError("needs a user and a password, or neither")
    username, password = unquote(parts.username), unquote(parts.password)
    if not (username + password).isascii() or not (username + password).isprintable():
        raise ValueError("takes only ASCII characters in user and password")
    return username, password


def parse_sender(text: str) -> Sender:
    """`NAME <ADDRESS>` or an address. Raises ValueError."""
    named = _NAMED.fullmatch(text.strip())
    name = named["name"].strip().strip('"').strip() if named else ""
    address = emails.checked(named["address"] if named else text)
    if not name.isprintable() or not _PLAIN_ADDRESS.fullmatch(address):
        raise ValueError("must be an address, or NAME <ADDRESS>")
    return Sender(name, address)
