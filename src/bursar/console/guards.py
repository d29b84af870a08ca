"""What a request has to show before a form is looked at: that it comes from a page of ours."""

import hmac
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from bursar.console.visits import Refused

_OURS: Final = re.compile(r"/console(?:/[\w./~%-]*)?(?:\?[\w./~%&=+,@:-]*)?", re.ASCII)
START: Final = "/console"
SECOND_FACTOR: Final = "/console/account/second-factor"

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def check_origin(headers: Mapping[str, str], root: str) -> None:
    """Raises Refused for a form of another site. Browsers say where a form comes from; whatever
    does not say it is no browser, and has no business here."""
    origin = headers.get("origin", "")
    if origin and origin != "null":
        if origin.lower() == origin_of(root):
            return
    elif headers.get("sec-fetch-site") == "same-origin":
        return
    raise Refused(
        403,
        "This form does not come from here",
        "The browser says that the form was on a page of another site.",
        "Open the console itself and try again. If this is the console, its address differs from "
        "BURSAR_PUBLIC_URL.",
    )


def check_token(expected: str, given: str) -> None:
    """Raises Refused for a form that was made for somebody else, or for an earlier session."""
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Refused(
            403,
            "This form is out of date",
            "It was opened before you signed in, or in another session. Nothing was changed.",
            "Go back, load the page again, and send it once more.",
        )


def origin_of(root: str) -> str:
    parts = urlsplit(root)
    return f"{parts.scheme}://{parts.netloc}".lower()


def own_path(text: str) -> str:
    """Where to go after signing in: the start page, unless this is a page of the console."""
    if not _OURS.fullmatch(text) or "//" in text or ".." in text:
        return START
    return text
