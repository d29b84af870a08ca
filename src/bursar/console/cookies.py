"""The two cookies of the console: that of a session, and that of forms before somebody signed
in. Both are out of reach of scripts and of other sites."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final

from bursar.accounts.commands import LONGEST

SESSION: Final = "bursar"
FORM: Final = "bursar-form"
SAID: Final = "bursar-said"
_MOST_SAID: Final = 1_000


def read_cookie(headers: Mapping[str, str], name: str, root: str) -> str:
    """Its value; empty when there is none."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(named(name, root))
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


def session_cookie(value: str, root: str) -> str:
    """The `Set-Cookie` of a session; an empty value ends it."""
    return _cookie(SESSION, value, root, int(LONGEST.total_seconds()) if value else 0)


def form_cookie(value: str, root: str) -> str:
    return _cookie(FORM, value, root, 3600)


def said_cookie(sentence: str, root: str) -> str:
    """What the next page says once; an empty sentence ends it."""
    encoded = urlsafe_b64encode(sentence.encode()[:_MOST_SAID]).decode() if sentence else ""
    return _cookie(SAID, encoded, root, 60 if sentence else 0)


def read_said(headers: Mapping[str, str], root: str) -> str:
    try:
        return urlsafe_b64decode(read_cookie(headers, SAID, root)).decode()
    except ValueError:
        return ""


def named(name: str, root: str) -> str:
    """With the prefix by which browsers accept it from this very host only, and over https."""
    return f"__Host-{name}" if root.startswith("https://") else name


def _cookie(name: str, value: str, root: str, seconds: int) -> str:
    secure = "; Secure" if root.startswith("https://") else ""
    return f"{named(name, root)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
