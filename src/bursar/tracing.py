"""Spans of what takes time, for OpenTelemetry, when the usual variables of the environment ask.

Without them nothing is imported, and every function here returns at once. What a span tells holds
no key, address, token or parameter of a statement.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import Final, Literal, ParamSpec, Protocol, TypeAlias, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

Kind: TypeAlias = Literal["server", "client", "consumer"]
Value: TypeAlias = str | int
Carrier: TypeAlias = Mapping[str, str]
"""Names a span to other processes: empty, or `traceparent` of W3C's Trace Context."""

PARENT: Final = "traceparent"
_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PACKAGES: Final = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")


class Span(Protocol):
    def rename(self, name: str) -> None: ...

    def note(self, name: str, value: Value) -> None: ...

    def fail(self, reason: str) -> None:
        """Marks it as an error. `reason` is a class or a status, never a message."""


class Recorder(Protocol):
    """What records spans: see `bursar.telemetry`."""

    def span(
        self, name: str, kind: Kind, parent: Carrier | None, attributes: Mapping[str, Value]
    ) -> AbstractContextManager[Span]: ...

    def carried(self) -> Carrier: ...

    def carrying(self, function: Callable[Parameters, Result]) -> Callable[Parameters, Result]: ...

    def stop(self) -> None: ...


class _Nothing:
    def rename(self, name: str) -> None:
        """There is nothing to rename."""

    def note(self, name: str, value: Value) -> None:
        """There is nothing to add it to."""

    def fail(self, reason: str) -> None:
        """There is nothing to mark."""


_NO_SPAN: Final[AbstractContextManager[Span]] = nullcontext(_Nothing())
_NO_CARRIER: Final[Carrier] = {}
_recorders: Final[list[Recorder]] = []
"""None, or one from when this process began to record."""


def span(
    name: str, kind: Kind, *, parent: Carrier | None = None, **attributes: Value
) -> AbstractContextManager[Span]:
    """Lasts until the block ends, and is marked as an error when that raises. `__` in the names of
    attributes stands for a dot. The span is a child of `parent`, or else of the current span."""
    if not _recorders:
        return _NO_SPAN
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    return _recorders[0].span(name, kind, parent, named)


def carried() -> Carrier:
    """The current span, for a process that goes on with its work. Empty when there is none."""
    return _recorders[0].carried() if _recorders else _NO_CARRIER


def carrying(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The function, which also in another thread works for the current span."""
    return _recorders[0].carrying(function) if _recorders else function


def is_recording() -> bool:
    return bool(_recorders)


def is_asked_for(environment: Mapping[str, str]) -> bool:
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip()
    if exporter:
        return exporter != "none"
    return any(environment.get(name) for name in _ENDPOINTS)


def problem(environment: Mapping[str, str]) -> str | None:
    """Why no spans are sent although they are asked for."""
    if not is_asked_for(environment):
        return None
    if environment.get("OTEL_TRACES_EXPORTER", "otlp").strip() not in {"", "otlp"}:
        return "OTEL_TRACES_EXPORTER may be otlp or none. No traces are sent."
    for name in _PROTOCOLS:
        if environment.get(name, "http/protobuf") not in {"", "http/protobuf"}:
            return f"{name} may be http/protobuf only. No traces are sent."
    if not all(map(_is_installed, _PACKAGES)):
        return (
            "Traces are asked for, but the packages of OpenTelemetry are missing: "
            "pip install 'bursar[otel]'. No traces are sent."
        )
    return None


@contextmanager
def recorded(environment: Mapping[str, str]) -> Iterator[None]:
    """Spans are recorded until the block ends, if they are asked for and can be sent. The last ones
    are sent then. Where a process does so twice, the first one counts."""
    if _recorders or not is_asked_for(environment) or problem(environment):
        yield
        return
    from bursar.telemetry import OpenTelemetry  # noqa: PLC0415 - only who asks pays for it

    recorder = OpenTelemetry()
    _recorders.append(recorder)
    try:
        yield
    finally:
        _recorders.clear()
        recorder.stop()


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False
