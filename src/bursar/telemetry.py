"""Records spans with OpenTelemetry's library and sends them by OTLP over HTTP.

Where to, how often and how many is decided by OpenTelemetry's own variables. The ready-made
instrumentations are not used: see decision 0022. Imported only when traces are asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Connection, Engine, ExceptionContext, event

from bursar.redaction import redacted
from bursar.tracing import PARENT, Carrier, Kind, Span, Value

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_KINDS: Final = {
    "server": SpanKind.SERVER, "client": SpanKind.CLIENT, "consumer": SpanKind.CONSUMER,
}  # fmt: skip
_LONGEST_STATEMENT: Final = 2_000
_STATEMENT: Final = "bursar.span"


class _Recorded:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def note(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, redacted(value) if isinstance(value, str) else value)

    def fail(self, reason: str) -> None:
        self._span.set_status(StatusCode.ERROR)
        self._span.set_attribute("error.type", reason)


class OpenTelemetry:
    def __init__(self) -> None:
        self._provider = TracerProvider(resource=_resource())
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("bursar")
        self._propagator = TraceContextTextMapPropagator()
        for name, listener in self._listeners():
            event.listen(Engine, name, listener)

    def stop(self) -> None:
        for name, listener in self._listeners():
            event.remove(Engine, name, listener)
        self._provider.shutdown()

    @contextmanager
    def span(
        self, name: str, kind: Kind, parent: Carrier | None, attributes: Mapping[str, Value]
    ) -> Iterator[Span]:
        above = self._propagator.extract(_only_parent(parent)) if parent else None
        with self._tracer.start_as_current_span(
            name,
            context=above,
            kind=_KINDS[kind],
            # Messages of errors may hold anything.
            record_exception=False,
            set_status_on_exception=False,
        ) as started:
            recorded = _Recorded(started)
            for attribute, value in attributes.items():
                recorded.note(attribute, value)
            try:
                yield recorded
            except BaseException as error:
                recorded.fail(type(error).__name__)
                raise

    def carried(self) -> Carrier:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return _only_parent(carrier)

    def carrying(self, function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        here = context.get_current()

        @wraps(function)
        def carried(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            token = context.attach(here)
            try:
                return function(*args, **kwargs)
            finally:
                context.detach(token)

        return carried

    def _listeners(self) -> list[tuple[str, Callable[..., None]]]:
        return [
            ("before_cursor_execute", self._begin_statement),
            ("after_cursor_execute", _end_statement),
            ("handle_error", _fail_statement),
        ]

    def _begin_statement(
        self, connection: Connection, _cursor: Any, statement: str, *_: Any
    ) -> None:
        # What a process asks by itself again and again would only be noise.
        if not trace.get_current_span().get_span_context().is_valid:
            return
        words = statement.split(maxsplit=1)
        connection.info[_STATEMENT] = self._tracer.start_span(
            words[0].upper() if words else "statement",
            kind=SpanKind.CLIENT,
            attributes={
                "db.system.name": connection.dialect.name,
                "db.query.text": statement[:_LONGEST_STATEMENT],
            },
        )


def _resource() -> Resource:
    """What the environment says of this process, which is called bursar unless it has a name."""
    told = Resource.create()
    is_named = not str(told.attributes[SERVICE_NAME]).startswith("unknown_service")
    return told if is_named else told.merge(Resource({SERVICE_NAME: "bursar"}))


def _end_statement(connection: Connection, *_: Any) -> None:
    span = connection.info.pop(_STATEMENT, None)
    if span is not None:
        span.end()


def _fail_statement(failure: ExceptionContext) -> None:
    connection = failure.connection
    # A connection that was lost knows nothing any more.
    if connection is None or connection.closed or connection.invalidated:
        return
    span = connection.info.pop(_STATEMENT, None)
    if span is not None:
        _Recorded(span).fail(type(failure.original_exception).__name__)
        span.end()


def _only_parent(carrier: Carrier) -> dict[str, str]:
    """What else a stranger sends along, such as `tracestate`, is not handed on."""
    return {PARENT: carrier[PARENT]} if PARENT in carrier else {}
