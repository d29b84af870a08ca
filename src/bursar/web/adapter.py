"""Registers endpoints with Litestar: one handler for each path, which handles all of its
methods."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Final, TypeAlias, TypeVar

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.types import ExceptionHandlersMap, Method

from bursar import tracing
from bursar.database.engine import DATABASE_AWAY
from bursar.waits import Waits
from bursar.web.bodies import read_body
from bursar.web.call import Answer, Feed, Later
from bursar.web.endpoint import Endpoint
from bursar.web.errors import ApiError, Refusal
from bursar.web.holding_back import CHECKS_TOKEN
from bursar.web.live import LiveResponse
from bursar.web.nearest import unknown_route
from bursar.web.negotiation import JSON_ANSWER, Format
from bursar.web.pipeline import REFUSED, Pipeline, refusal_of, unavailable
from bursar.web.rendering import Incoming, Outgoing, refuse, render
from bursar.web.streaming import StreamedResponse, Streaming
from bursar.web.turns import Turns

METHODS: tuple[Method, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
Result = TypeVar("Result")
AnyRequest = Request[Any, Any, Any]
Respond: TypeAlias = Callable[[AnyRequest, Incoming], Awaitable[Outgoing]]


class Threads:
    """The pool in which requests run, one in each thread, because services are synchronous."""

    def __init__(self, count: int, waits: Waits | None = None) -> None:
        """`waits` knows who waits for a thread."""
        self.count = count
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="bursar")
        self._waits = waits or Waits()

    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        waits, begun = self._waits, self._waits.begin()

        def call() -> Result:
            waits.end(begun)
            return function(*arguments)

        def end_in_vain(running: Future[Result]) -> None:
            # A request that is given up before its turn never comes to a thread.
            if running.cancelled():
                waits.end(begun)

        running = self._executor.submit(tracing.carrying(call))
        running.add_done_callback(end_in_vain)
        return await asyncio.wrap_future(running)

    def shut_down(self) -> None:
        self._executor.shutdown(wait=True)


def route_handlers(
    endpoints: Iterable[Endpoint], pipeline: Pipeline, threads: Threads, writers: Threads
) -> list[HTTPRouteHandler]:
    """`threads` are for reading. Those of `writers` may wait for locks."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    count = pipeline.settings.threads
    serving = Serving(
        pipeline,
        threads,
        writers,
        Turns(count, stuck_seconds=pipeline.settings.lock_timeout),
        Streaming(
            pipeline.database,
            threads,
            at_once=max(1, count // 2),
            slowest=pipeline.settings.slowest_transfer,
        ),
    )
    return [_handler(path, methods, serving) for path, methods in by_path.items()]


@dataclass(frozen=True, slots=True)
class Serving:
    """Runs requests in threads: those that write in threads of their own."""

    pipeline: Pipeline
    threads: Threads
    writers: Threads
    turns: Turns
    streaming: Streaming

    async def read(self, endpoint: Endpoint, incoming: Incoming) -> Outgoing:
        outgoing = await self.threads.run(self.pipeline.handle, endpoint, incoming)
        if outgoing.later is None or incoming.method == "HEAD":
            return outgoing
        try:
            return await self._read_later(endpoint, incoming, outgoing.later)
        except REFUSED as error:
            return refusal_of(error, incoming)

    async def _read_later(self, endpoint: Endpoint, incoming: Incoming, later: Later) -> Outgoing:
        """Asks again whenever something has happened, and first of all for what happened before
        this listened. While it waits, it needs no thread."""
        incoming.resumed = later.resumed
        until = monotonic() + later.seconds
        async with later.listening() as listening:
            while True:
                outgoing = await self.threads.run(self.pipeline.handle, endpoint, incoming)
                if outgoing.later is None or not await listening.changed(until - monotonic()):
                    return outgoing

    async def may_go_on(self, endpoint: Endpoint, incoming: Incoming) -> bool:
        return await self.threads.run(self.pipeline.still_admits, endpoint, incoming)

    async def write(self, endpoint: Endpoint, incoming: Incoming, request: AnyRequest) -> Outgoing:
        """Raises ApiError for a caller without a good token, and with 503 while others of this
        client wait for a lock of the same object."""
        # The token is verified first, so that no body is read and kept for a caller without one.
        client_id = await self.threads.run(self.pipeline.authenticate, incoming.headers)
        settings = self.pipeline.settings
        await read_body(
            request, incoming, settings.max_body_bytes, slowest=settings.slowest_transfer
        )
        named = next(iter(incoming.path_parameters.values()), "")
        async with self.turns.turn((client_id, named)) as turn:
            outgoing = await self.writers.run(self.pipeline.handle, endpoint, incoming, client_id)
            turn.was_busy = outgoing.was_busy
            return outgoing


def _litestar_path(template: str) -> str:
    # Litestar's own converter would answer a malformed UUID with its own message.
    return template.replace(":uuid}", ":str}")


def _handler(path: str, methods: Mapping[str, Endpoint], serving: Serving) -> HTTPRouteHandler:
    allow = allowed_methods(methods)

    async def handle(request: AnyRequest) -> ASGIResponse:
        incoming = incoming_of(request)
        method = incoming.method
        endpoint = methods.get("GET" if method == "HEAD" else method)
        if endpoint is None:
            return other_method(incoming, allow)
        request.scope["state"][CHECKS_TOKEN] = True
        if endpoint.write is not None:
            try:
                return to_response(await serving.write(endpoint, incoming, request), method)
            except ApiError as error:
                return to_response(refuse(error, incoming), method)
        outgoing = await serving.read(endpoint, incoming)
        if outgoing.feed is not None and method != "HEAD":
            may_go_on = partial(serving.may_go_on, endpoint, incoming)
            return _live(outgoing.feed, outgoing, incoming, may_go_on)
        if outgoing.stream is not None:
            return _streamed(outgoing, incoming, serving.streaming)
        return to_response(outgoing, method)

    return HTTPRouteHandler(_litestar_path(path), http_method=METHODS)(handle)


def _streamed(outgoing: Outgoing, incoming: Incoming, streaming: Streaming) -> ASGIResponse:
    headers = {name.lower(): value for name, value in outgoing.headers.items()}
    if incoming.method == "HEAD" or outgoing.stream is None:
        return ASGIResponse(status_code=outgoing.status, headers=headers, is_head_response=True)

    def answer_to(error: Exception) -> ASGIResponse:
        if not isinstance(error, REFUSED):
            raise error
        return to_response(refusal_of(error, incoming), incoming.method)

    return StreamedResponse(
        streaming,
        outgoing.stream,
        answer_to,
        status=outgoing.status,
        headers=headers,
        owner=outgoing.owner,
        first=outgoing.stream_from,
    )


def _live(
    feed: Feed, outgoing: Outgoing, incoming: Incoming, may_go_on: Callable[[], Awaitable[bool]]
) -> ASGIResponse:
    return LiveResponse(
        feed,
        may_go_on,
        lambda error: to_response(refusal_of(error, incoming), incoming.method),
        status=outgoing.status,
        headers={name.lower(): value for name, value in outgoing.headers.items()},
    )


def other_method(incoming: Incoming, allow: str) -> ASGIResponse:
    """The answer to a method that the path does not serve, and to OPTIONS, which tells those that
    it does."""
    if incoming.method == "OPTIONS":
        return ASGIResponse(status_code=204, headers={"Allow": allow})
    message = f'Method "{incoming.method}" not allowed.'
    refusal = Refusal(message, status=405, headers={"Allow": allow})
    return to_response(refuse(refusal, incoming), incoming.method)


def allowed_methods(methods: Iterable[str]) -> str:
    known = set(methods) | {"OPTIONS"}
    if "GET" in known:
        known.add("HEAD")
    return ", ".join(method for method in METHODS if method in known)


def incoming_of(request: AnyRequest) -> Incoming:
    scope = request.scope
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    state: Any = scope["state"]
    root = state.get("public_url") or f"{scope['scheme']}://{headers.get('host', 'localhost')}"
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Incoming(
        method=state.get("method") or str(scope["method"]),
        path=scope["path"],
        path_parameters={name: str(value) for name, value in scope["path_params"].items()},
        query=scope["query_string"],
        headers=headers,
        url=root + raw_path.decode("latin-1").partition("?")[0],
        request_id=state.get("request_id", ""),
        root=root,
        default_format=state.get("default_format", Format.XML),
        has_fixed_format=state.get("has_fixed_format", False),
    )


def to_response(outgoing: Outgoing, method: str) -> ASGIResponse:
    headers = {name.lower(): value for name, value in outgoing.headers.items()}
    if outgoing.status in {204, 304}:
        return ASGIResponse(status_code=outgoing.status, headers=headers)
    headers["content-length"] = str(len(outgoing.body))
    is_head = method == "HEAD"
    return ASGIResponse(
        body=b"" if is_head else outgoing.body,
        status_code=outgoing.status,
        headers=headers,
        media_type=headers.get("content-type", ""),
        is_head_response=is_head,
        content_length=len(outgoing.body),
    )


def page_handler(path: str, methods: Sequence[str], respond: Respond) -> HTTPRouteHandler:
    """Of a path that answers browsers, outside the pipeline of the API."""
    allow = allowed_methods(methods)

    async def handle(request: AnyRequest) -> ASGIResponse:
        incoming = incoming_of(request)
        if incoming.method == "OPTIONS" or incoming.method not in allow.split(", "):
            return other_method(incoming, allow)
        return to_response(await respond(request, incoming), incoming.method)

    return HTTPRouteHandler(path, http_method=METHODS)(handle)


def on_http_exception(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Answers what Litestar itself refuses, which is mostly an unknown route."""
    scope: Any = request.scope
    refusal = (
        unknown_route(scope["path"], scope["state"].get("routes", ()))
        if error.status_code == 404
        else Refusal(str(error.detail), status=error.status_code, headers=error.headers)
    )
    scope.setdefault("path_params", {})
    return _to_exception(refuse(refusal, incoming_of(request)))


def on_database_away(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Answers for the routes that do not use the pipeline, which answer in JSON only."""
    refusal = unavailable(error, incoming_of(request).request_id)
    return _to_exception(_in_json(refusal.status, refusal.body, refusal.headers))


def _to_exception(outgoing: Outgoing) -> Response[bytes]:
    return Response(outgoing.body, status_code=outgoing.status, headers=outgoing.headers)


def on_defect(_request: AnyRequest, error: Exception) -> Response[bytes]:
    """Raises the error again, for RequestFrame to log and answer. Litestar would answer with its
    own message and log nothing."""
    raise error


EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {
    HTTPException: on_http_exception,
    **dict.fromkeys(DATABASE_AWAY, on_database_away),
    Exception: on_defect,
}


def json_response(
    status: int, content: Any, headers: Mapping[str, str], method: str = "GET"
) -> ASGIResponse:
    return to_response(_in_json(status, content, headers), method)


def _in_json(status: int, content: Any, headers: Mapping[str, str]) -> Outgoing:
    """An answer in JSON, whatever format the caller prefers."""
    incoming = Incoming("GET", "", {}, b"", {}, "", "")
    outgoing = render(Answer(content, status, dict(headers)), JSON_ANSWER, incoming)
    outgoing.headers.pop("Vary", None)
    return outgoing
