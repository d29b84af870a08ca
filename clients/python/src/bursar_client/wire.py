"""Requests and answers as values, without any input or output."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TypeAlias
from urllib.parse import parse_qsl, quote
from uuid import UUID, uuid4

from bursar_client.errors import ApiError, kind_of, words_of
from bursar_client.values import decode, encode

JSON = "application/json"
Identifier: TypeAlias = str | UUID
Scalar: TypeAlias = str | int | date | UUID
Parameter: TypeAlias = Scalar | Sequence[Scalar] | None
# Repeating one of these leads to the same state; a POST does so when it has an Idempotency-Key.
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    accept: str = JSON
    content_type: str = JSON
    idempotency_key: str | None = None

    @property
    def may_be_repeated(self) -> bool:
        """Even when nobody knows whether the server has done it already."""
        return self.method in IDEMPOTENT or self.idempotency_key is not None

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Accept": self.accept}
        if self.body is not None:
            headers["Content-Type"] = self.content_type
        if self.idempotency_key is not None:
            headers["Idempotency-Key"] = self.idempotency_key
        return headers

    def with_query(self, query: str) -> "Request":
        return replace(self, query=tuple(parse_qsl(query, keep_blank_values=True)))

    def with_parameters(self, parameters: Mapping[str, Parameter]) -> "Request":
        """In place of those that have the same names."""
        added = query_of(parameters)
        names = {name for name, _ in added}
        return replace(self, query=(*(pair for pair in self.query if pair[0] not in names), *added))


@dataclass(frozen=True)
class Answer:
    request: Request
    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """With names in lower case."""

    def json(self) -> object:
        return decode(self.content)


def get(path: str, /, **query: Parameter) -> Request:
    return Request("GET", path, query_of(query))


def get_as(media_type: str, path: str, /, **query: Parameter) -> Request:
    return Request("GET", path, query_of(query), accept=media_type)


def put(path: str, body: object, /, **query: Parameter) -> Request:
    return Request("PUT", path, query_of(query), encode(body))


def patch(path: str, body: object) -> Request:
    return Request("PATCH", path, body=encode(body))


def delete(path: str) -> Request:
    return Request("DELETE", path)


def post(path: str, body: object = None, key: str | None = None, /, **query: Parameter) -> Request:
    """With an Idempotency-Key in any case, so that it can be sent again."""
    sent = None if body is None else encode(body)
    return Request("POST", path, query_of(query), sent, idempotency_key=key or str(uuid4()))


def path(template: str, *names: Identifier) -> str:
    """Keys of courses have `+` and may have `/`, which are escaped like all else."""
    return template.format(*(quote(str(name), safe=":") for name in names))


def text_of(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"Say in which time zone it is {value.isoformat()}.")
    return value.isoformat() if isinstance(value, date) else str(value)


def query_of(parameters: Mapping[str, Parameter]) -> tuple[tuple[str, str], ...]:
    """What is None is not sent; of a sequence each member is."""
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if isinstance(value, str | int | date | UUID):
            pairs.append((name, text_of(value)))
        elif value is not None:
            pairs += [(name, text_of(one)) for one in value]
    return tuple(pairs)


def seconds_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """What `Retry-After` says: seconds, or an instant."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    instant = _http_date(value)
    return None if instant is None else max(0.0, (instant - now).total_seconds())


def _http_date(value: str) -> datetime | None:
    try:
        return datetime.strptime(value, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None


def error_of(answer: Answer, now: datetime) -> ApiError:
    """A refusal as an exception. A proxy in between answers with text or HTML."""
    body: object = answer.content.decode(errors="replace")
    if "json" in answer.headers.get("content-type", ""):
        body = answer.json()
    return kind_of(answer.status)(
        status=answer.status,
        method=answer.request.method,
        path=answer.request.path,
        body=body,
        detail=words_of(body),
        request_id=answer.headers.get("x-request-id"),
        retry_after=seconds_of(answer.headers, now),
    )
