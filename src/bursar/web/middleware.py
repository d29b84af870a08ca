"""What every request gets: an id, a log line, metrics, and an answer if there is a defect."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

import msgspec
import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from bursar import tracing
from bursar.web.adapter import METHODS
from bursar.web.bounds import MAX_HEADER_BYTES, MAX_HEADERS_BYTES
from bursar.web.holding_back import HoldingBack
from bursar.web.metrics import Metrics
from bursar.web.negotiation import Format
from bursar.web.rewrites import NO_REWRITES, Rewrites

log = structlog.get_logger()
_SANE_ID = re.compile(rb"[A-Za-z0-9._:@/+=-]{1,128}")

TOO_LARGE_HEADERS: Final = (
    f"The headers of the request are too large: at most {MAX_HEADER_BYTES // 1024} KiB each and "
    f"{MAX_HEADERS_BYTES // 1024} KiB together."
)

UNTRACED: Final = frozenset({"/health", "/ready", "/metrics"})
"""They are asked again and again, and what they find is told otherwise."""

SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
# The server drops a connection when a body is not read. This header tells the client beforehand.
CLOSE = (b"connection", b"close")


class RequestFrame:
    """The outermost layer of the application."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        public_url: str,
        *,
        default_format: Format = Format.XML,
        rewrites: Rewrites = NO_REWRITES,
        routes: Sequence[str] = (),
        holding_back: HoldingBack | None = None,
    ) -> None:
        """`default_format` is the installation's; `routes` are the paths that are served, for
        the answer to one that is not; `holding_back` delays refusals of those who collect them."""
        self.app = app
        self.metrics = metrics
        self.public_url = public_url
        self.default_format = default_format
        self.rewrites = rewrites
        self.routes = routes
        self.holding_back = holding_back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if str(scope["type"]) != "http":
            await self.app(scope, receive, send)
            return
        request = _OneRequest(self, scope)
        if not tracing.is_recording() or scope["path"] in UNTRACED:
            await request.run(receive, send)
            return
        with request.traced():
            await request.run(receive, send)


class _OneRequest:
    def __init__(self, frame: RequestFrame, scope: Scope) -> None:
        self.frame = frame
        self.scope = scope
        self.request_id = _request_id(scope)
        self.status = 0
        self.held_seconds = 0.0
        self.has_unread_body = _declares_body(scope)

    @contextmanager
    def traced(self) -> Iterator[None]:
        parent = {
            name.decode(): value.decode("latin-1")
            for name, value in self.scope["headers"]
            if name == tracing.PARENT.encode()
        }
        with tracing.span("request", "server", parent=parent) as span:
            yield
            span.rename(f"{self.method} {self.route}")
            span.note("http.request.method", self.method)
            span.note("http.route", self.route)
            span.note("http.response.status_code", self.status)
            span.note("bursar.request_id", self.request_id)
            if self.status >= 500:
                span.fail(str(self.status))

    @property
    def route(self) -> str:
        """The template of the path, once it was found."""
        return str(self.scope.get("path_template") or "(none)")

    @property
    def method(self) -> str:
        """One of those that we know: another is TRACE."""
        return str(self.scope.get("method", ""))

    async def run(self, receive: Receive, send: Send) -> None:
        scope: Any = self.scope
        state = scope.setdefault("state", {})
        state["request_id"] = self.request_id
        state["public_url"] = self.frame.public_url
        state["default_format"] = self.frame.default_format
        state["routes"] = self.frame.routes
        self._rewrite(scope, state)
        # For an unknown method the router would answer with its own list of allowed ones. Asking
        # for TRACE, which no route allows, leads to our answer.
        state["method"] = scope["method"]
        if scope["method"] not in METHODS:
            scope["method"] = "TRACE"
        started = time.perf_counter()

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                await self._hold_back()
                extra = [(b"x-request-id", self.request_id.encode()), *SECURITY_HEADERS]
                if self.has_unread_body:
                    extra.append(CLOSE)
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        async def receive_noted() -> Any:
            message = await receive()
            if not message.get("more_body"):
                self.has_unread_body = False
            return message

        try:
            if _has_too_large_headers(self.scope):
                await self._answer(send_framed, 431, {"detail": TOO_LARGE_HEADERS})
                return
            await self.frame.app(self.scope, receive_noted, send_framed)
        except Exception:
            log.exception("request.defect", request_id=self.request_id)
            if self.status == 0:
                await self._answer_defect(send_framed)
        finally:
            self._report(time.perf_counter() - started - self.held_seconds)

    async def _hold_back(self) -> None:
        holding_back = self.frame.holding_back
        if holding_back is not None:
            self.held_seconds = await holding_back.answered(self.scope, self.status)

    def _rewrite(self, scope: Any, state: dict[str, Any]) -> None:
        """Another address of an endpoint becomes its own; links are made from `raw_path`."""
        rewritten = self.frame.rewrites.find(scope["path"])
        if rewritten is None:
            return
        scope["raw_path"] = scope.get("raw_path") or scope["path"].encode()
        scope["path"] = rewritten.path
        if rewritten.rewrite.is_of_a_service:
            state["default_format"], state["has_fixed_format"] = Format.JSON, True
        if rewritten.rewrite.format is not None:
            query = f"format={rewritten.rewrite.format}".encode()
            scope["query_string"] = b"&".join(filter(None, [scope["query_string"], query]))

    async def _answer_defect(self, send: Send) -> None:
        content = {"detail": "Internal server error.", "request_id": self.request_id}
        await self._answer(send, 500, content)

    async def _answer(self, send: Send, status: int, content: dict[str, str]) -> None:
        body = msgspec.json.encode(content)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        is_head = self.scope.get("method") == "HEAD"
        await send(
            {"type": "http.response.body", "body": b"" if is_head else body, "more_body": False}
        )

    def _report(self, seconds: float) -> None:
        self.frame.metrics.observe(self.method, self.route, self.status, seconds)
        log.info(
            "request",
            request_id=self.request_id,
            method=self.method,
            route=self.route,
            status=self.status,
            milliseconds=round(seconds * 1000, 2),
        )


def _has_too_large_headers(scope: Scope) -> bool:
    sizes = [len(name) + len(value) for name, value in scope["headers"]]
    return sum(sizes) > MAX_HEADERS_BYTES or max(sizes, default=0) > MAX_HEADER_BYTES


def _declares_body(scope: Scope) -> bool:
    if scope["http_version"] not in {"1.0", "1.1"}:
        return False
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return value.decode()
    return uuid4().hex
