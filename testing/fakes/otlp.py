"""A collector of traces for tests: it takes OTLP over real HTTP, and keeps what it was sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class SentSpan:
    name: str
    kind: int
    """As OTLP counts them: 2 is a server, 3 a client, 5 a consumer."""
    trace: bytes
    id: bytes
    parent: bytes
    """Empty when there is none."""
    attributes: dict[str, Any]
    is_error: bool
    service: str


@dataclass
class TraceCollector:
    bodies: list[bytes] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)

    @property
    def spans(self) -> list[SentSpan]:
        return [span for body in list(self.bodies) for span in _spans_in(body)]

    def named(self, name: str) -> list[SentSpan]:
        return [span for span in self.spans if span.name == name]

    def below(self, above: SentSpan) -> list[SentSpan]:
        """All spans of the same trace that lead up to this one."""
        spans, found = self.spans, [above]
        for span in found:
            found.extend(each for each in spans if each.parent == span.id)
        return found[1:]


def _spans_in(body: bytes) -> Iterator[SentSpan]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _values(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield SentSpan(
                    span.name,
                    span.kind,
                    span.trace_id,
                    span.span_id,
                    span.parent_span_id,
                    _values(span.attributes),
                    span.status.code == 2,
                    service,
                )


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@contextmanager
def running_collector(collector: TraceCollector) -> Iterator[str]:
    """In a thread of this process. Yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.paths.add(self.path)
            collector.bodies.append(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests say themselves what went wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
