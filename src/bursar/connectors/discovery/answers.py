"""What the answers of a discovery service mean. Nothing here uses the network."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from bursar.catalog.sync.source import Page, SourceTrouble
from bursar.connectors.openedx.answers import instant_of, message_in

LONGEST_QUERY: Final = 4096
_REASONS: Final = {
    401: "the discovery service does not accept the LMS's token: is the LMS the one that it trusts "
    "(its OIDC and JWT settings), and are both clocks right?",
    403: "the discovery service does not let Bursar's account read: give it access there",
    404: "there is no {path} at the discovery service: is BURSAR_DISCOVERY_URL right?",
}


class _PageAnswer(msgspec.Struct):
    results: list[msgspec.Raw]
    count: int | None = None
    next: str | None = None


def refusal_of(status: int, headers: Mapping[str, str], body: bytes, path: str) -> str:
    """A sentence for an answer that is no page, and that another attempt would not make one."""
    if 300 <= status < 400:
        where = urlsplit(headers.get("Location", "")).hostname or "another address"
        return f"the discovery service redirects {path} to {where}: is BURSAR_DISCOVERY_URL right?"
    reason = _REASONS.get(status, f"the discovery service answers {path} with status {status}")
    told = message_in(body)
    return reason.format(path=path) + (f" ({told})" if told else "")


def page_of(body: bytes, headers: Mapping[str, str], *, path: str, host: str) -> Page:
    """Raises SourceTrouble for what is no page of a list."""
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/html" or body[:64].lstrip().startswith(b"<"):
        raise SourceTrouble(
            f"the discovery service answers {path} with a page for people, not with JSON: is "
            "BURSAR_DISCOVERY_URL right, and is no login page in between?"
        )
    try:
        answer = msgspec.json.decode(body, type=_PageAnswer)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise SourceTrouble(f"the answer of {path} is no page of results: {error}") from None
    count = answer.count if answer.count is not None and answer.count >= 0 else None
    told_at = _instant(headers.get("Date", ""))
    return Page(answer.results, count, _next_query(answer.next, path=path, host=host), told_at)


def _next_query(url: str | None, *, path: str, host: str) -> str | None:
    """Of the link to the next page only the query is used: behind a proxy, a service may get its
    own scheme and port wrong. Raises SourceTrouble for a link that leads elsewhere."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        named = parts.hostname
    except ValueError:
        raise SourceTrouble(f"the link to the next page of {path} is none") from None
    if (named is not None and named != host) or not parts.path.rstrip("/").endswith(
        path.rstrip("/")
    ):
        where = f"{named or host}{parts.path}"[:200]
        raise SourceTrouble(f"the link to the next page of {path} leads to {where!a}")
    if not parts.query or len(parts.query) > LONGEST_QUERY or not parts.query.isprintable():
        raise SourceTrouble(f"the link to the next page of {path} cannot be read")
    return parts.query


def _instant(date: str) -> datetime | None:
    return instant_of(date) if date else None
