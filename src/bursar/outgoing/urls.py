"""The URLs of endpoints, checked when they are given. Addresses are checked at each request too."""

from typing import Final
from urllib.parse import SplitResult, urlsplit

import idna

from bursar.invisible import refuse_invisible
from bursar.outgoing.addresses import Permitted, literal_address

LONGEST_URL: Final = 2048


def checked_url(text: str, permitted: Permitted) -> str:
    """The URL, trimmed. Raises ValueError with a sentence that says what to do."""
    url = text.strip()
    why = _problem(url, permitted)
    if why is not None:
        raise ValueError(why)
    return url


def recipient_of(url: str) -> str:
    """The URL without its query, which may hold a key: for lists and searches."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _problem(url: str, permitted: Permitted) -> str | None:
    why = _problem_of_text(url)
    if why is not None:
        return why
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "Give a valid URL, such as https://hooks.example.com/bursar."
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        return "Give a URL that begins with https:// and names a host."
    return _problem_of_parts(url, parts) or _problem_of_host(parts.scheme, host, permitted)


def _problem_of_text(url: str) -> str | None:
    if not url or len(url) > LONGEST_URL:
        return f"Give a URL of at most {LONGEST_URL} characters."
    try:
        refuse_invisible(url)
    except ValueError as error:
        return str(error)
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "Percent-encode everything in the URL that is not plain ASCII."
    return None


def _problem_of_parts(url: str, parts: SplitResult) -> str | None:
    if "@" in parts.netloc:
        return (
            "Leave user name and password out of the URL. Requests are signed with the endpoint's "
            "secret: check the signature instead."
        )
    return "Leave out the part behind #: it is never sent." if "#" in url else None


def _problem_of_host(scheme: str, host: str, permitted: Permitted) -> str | None:
    address = literal_address(host)
    if address is None and not _is_name(host):
        return "Give the name of a host, such as hooks.example.com."
    if scheme == "http" and not permitted.may_be_unencrypted(host):
        return "Give a URL that begins with https://. The operator can permit http for a host."
    if address is None or permitted.may_connect(host, address, encrypted=scheme == "https"):
        return None
    return (
        "This address is not public. The operator can permit it with BURSAR_WEBHOOK_ALLOW; "
        "otherwise give an address that can be reached from the internet."
    )


def _is_name(host: str) -> bool:
    """Labels that a resolver can be asked for; what it says they are is checked at sending."""
    try:
        idna.encode(host.rstrip("."), uts46=True)
    except (idna.IDNAError, UnicodeError):
        # A name of a network of one's own may have an underscore.
        labels = host.rstrip(".").split(".")
        return all(
            0 < len(label) <= 63 and label.replace("-", "").replace("_", "").isalnum()
            for label in labels
        )
    return True
