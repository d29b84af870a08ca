"""From what a route answers to bytes: format, content coding, validators, refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bursar.database.engine import Database
from bursar.web.call import Answer, Feed, Later, Source
from bursar.web.compression import MINIMUM_BYTES, choose_coding, compress, compress_chunks
from bursar.web.conditional import is_unchanged, known_tag, tag_of_bytes
from bursar.web.errors import ApiError
from bursar.web.negotiation import JSON_ANSWER, Format, Negotiated, negotiate_leniently
from bursar.web.parameters import QueryParameters
from bursar.web.xml import to_xml


@dataclass(slots=True)
class Incoming:
    """What the HTTP side knows of a request."""

    method: str
    path: str
    path_parameters: Mapping[str, str]
    query: bytes
    headers: Mapping[str, str]
    url: str
    request_id: str
    body: bytes = b""
    is_too_large: bool = False
    default_format: Format = Format.XML
    """Of answers to a caller that does not say what it wants."""
    has_fixed_format: bool = False
    """Whether the path decides about `default_format`, whatever the client's own is."""
    root: str = ""
    """The beginning of absolute links."""
    resumed: object = None
    """What the route said for this call: see Later."""
    is_counted: bool = False
    """By the limit of requests, which counts one that is tried again once."""
    _parameters: QueryParameters | None = None

    def parameters(self) -> QueryParameters:
        """Parsed once. Raises Refusal when there are too many."""
        if self._parameters is None:
            self._parameters = QueryParameters(self.query)
        return self._parameters


@dataclass(slots=True)
class Outgoing:
    status: int
    headers: dict[str, str]
    body: bytes = b""
    stream: Source | None = None
    """Nothing of it has been made yet: no connection is held."""
    stream_from: Database | None = None
    """The database that makes it; None: the primary."""
    owner: str = ""
    """Whose stream it is: the enterprise's of the object that was asked for, or the client's."""
    feed: Feed | None = None
    later: Later | None = None
    was_busy: bool = False
    """Whether the request waited in vain for a lock that another transaction holds."""


def lenient(incoming: Incoming) -> Negotiated:
    wanted = None
    if b"format" in incoming.query:
        try:
            wanted = incoming.parameters().get("format")
        except ApiError:
            wanted = None
    return negotiate_leniently(
        incoming.headers.get("accept"),
        incoming.headers.get("content-type"),
        wanted,
        incoming.default_format,
    )


def encode(content: Any, negotiated: Negotiated) -> bytes:
    """Content in the negotiated format; XML is made from what JSON would say."""
    body = msgspec.json.encode(content)
    return body if negotiated.format is Format.JSON else to_xml(msgspec.json.decode(body))


def render_read(answer: Answer[Any], negotiated: Negotiated, incoming: Incoming) -> Outgoing:
    """As `render`, and 304 for a caller that has these bytes; routes may bring a validator."""
    if answer.stream is not None:
        return _render_stream(answer.stream, answer, negotiated, incoming)
    if answer.feed is not None:
        return _render_feed(answer.feed, answer, negotiated)
    outgoing = _render_whole(answer, negotiated, incoming)
    outgoing.later = answer.later
    return outgoing


def _render_feed(feed: Feed, answer: Answer[Any], negotiated: Negotiated) -> Outgoing:
    """Nothing between here and the client may keep it back: neither caches nor compression, nor
    the buffers of nginx."""
    headers = {
        "Vary": VARY,
        "Cache-Control": "private, no-store",
        "X-Accel-Buffering": "no",
        "Content-Type": negotiated.media_type,
        **answer.headers,
    }
    return Outgoing(answer.status, headers, feed=feed)


def _render_whole(answer: Answer[Any], negotiated: Negotiated, incoming: Incoming) -> Outgoing:
    if answer.content is None or answer.status != 200 or "ETag" in answer.headers:
        return render(answer, negotiated, incoming)
    body = encode(answer.content, negotiated)
    etag, asked = tag_of_bytes(body), incoming.headers.get("if-none-match")
    headers = {"Cache-Control": "private, no-cache", **answer.headers}
    if is_unchanged(asked, None, etag, None):
        headers["ETag"] = f'"{known_tag(asked, etag)}"'
        return render(Answer(status=304, headers=headers), negotiated, incoming)
    coding = choose_coding(incoming.headers.get("accept-encoding"))
    if coding is not None and len(body) >= MINIMUM_BYTES:
        headers["Content-Encoding"] = coding
        etag, body = f"{etag}-{coding}", compress(body, coding)
    headers["ETag"] = f'"{etag}"'
    return render(Answer(body=body, headers=headers), negotiated, incoming)


def _render_stream(
    stream: Source, answer: Answer[Any], negotiated: Negotiated, incoming: Incoming
) -> Outgoing:
    headers = {"Vary": VARY, "Cache-Control": "private, no-cache", **answer.headers}
    headers.setdefault("Content-Type", negotiated.media_type)
    coding = choose_coding(incoming.headers.get("accept-encoding"))
    if coding is None:
        return Outgoing(answer.status, headers, stream=stream)
    headers["Content-Encoding"] = coding
    return Outgoing(
        answer.status,
        headers,
        stream=lambda connection: compress_chunks(stream(connection), coding),
    )


def render(answer: Answer[Any], negotiated: Negotiated, incoming: Incoming) -> Outgoing:
    headers = {"Vary": VARY, **answer.headers}
    if answer.status not in {204, 304}:
        headers.setdefault("Content-Type", negotiated.media_type)
    if answer.body is None and answer.content is None:
        return Outgoing(answer.status, headers)
    if answer.body is not None:
        return Outgoing(answer.status, headers, answer.body)
    body = encode(answer.content, negotiated)
    coding = choose_coding(incoming.headers.get("accept-encoding"))
    if coding is not None and len(body) >= MINIMUM_BYTES:
        headers["Content-Encoding"] = coding
        body = compress(body, coding)
    return Outgoing(answer.status, headers, body)


VARY = "Accept, Content-Type, Accept-Encoding"


def refuse(error: ApiError, incoming: Incoming) -> Outgoing:
    """A refusal in the caller's format; 406 in JSON."""
    negotiated = lenient(incoming)
    if error.status == 406:
        negotiated = JSON_ANSWER
    return render(Answer(error.body, error.status, error.headers), negotiated, incoming)
