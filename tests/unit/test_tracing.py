"""Traces cost nothing until they are asked for, and say why when they cannot be sent."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

from bursar import tracing

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environment", "is_asked"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "bursar"}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_the_usual_variables_decide(environment: Mapping[str, str], is_asked: bool) -> None:
    assert tracing.is_asked_for(environment) is is_asked
    assert tracing.problem(environment) is None


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER may be"),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL may"),
    ],
)
def test_what_cannot_be_done_is_told(environment: Mapping[str, str], told: str) -> None:
    assert str(tracing.problem(environment)).startswith(told)
    with tracing.recorded(environment):
        assert not tracing.is_recording()


def test_without_the_variables_every_span_is_the_same_nothing() -> None:
    def work() -> None:
        """What a thread is given."""

    with tracing.recorded({}):
        first, second = tracing.span("one", "server", a=1), tracing.span("two", "client")
        assert first is second
        with first as span:
            span.note("name", "value")
            assert tracing.carried() == {}
        assert tracing.carrying(work) is work


def printed(program: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return finished.stdout.strip()


EVERYTHING = "import sys, bursar.app, bursar.work, bursar.jobs.worker\nfrom bursar import tracing\n"


@pytest.mark.parametrize(("environment", "is_there"), [({}, False), (ENDPOINT, True)])
def test_nothing_is_imported_without_the_variables(
    environment: Mapping[str, str], is_there: bool
) -> None:
    program = (
        f"{EVERYTHING}with tracing.recorded({environment}): print('opentelemetry' in sys.modules)"
    )
    assert printed(program) == str(is_there)


def test_missing_packages_are_told_in_a_line_and_nothing_else_happens() -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        f"{EVERYTHING}"
        f"with tracing.recorded({ENDPOINT}): print(tracing.is_recording())\n"
        f"print(tracing.problem({ENDPOINT}))"
    )
    recording, problem = printed(program).splitlines()
    assert recording == "False"
    assert "pip install 'bursar[otel]'" in problem
