"""Tests wait for what they need, not for time. The exceptions are named, each with its reason."""

import ast
from pathlib import Path

import pytest

from testing.paths import REPOSITORY

FOLDERS = ("tests", "testing", "proof")
WAITING = "testing/waiting.py"
SLEEPS = {"time.sleep", "sleep", "asyncio.sleep"}
TIME_PASSES = {"let_pass", "let_others_run"}
REASONS = {
    "testing/servers/contract_endpoints.py": "an endpoint that is as slow as its caller asks",
    "testing/fakes/receiver.py": "an answer that never ends leaves others their turn",
    "tests/enrollment/bulk/test_workers.py": "workers are killed at moments of chance",
    "tests/processes/test_bulk_killed.py": "processes are killed at moments of chance",
    "tests/processes/test_standby_log.py": "transactions are held open for moments of chance",
    "tests/web/test_found.py": "that nothing is read shows only after a while",
    "tests/web/test_waits.py": "a wait must take some time to be one",
    "tests/web/test_streaming.py": "that nothing more is made or taken shows only after a while",
    "proof/client.py": "a client that was refused comes back after a pause",
    "proof/sabotaged.py": "a defect needs time to show",
    "proof/faults.py": "faults come every few seconds, and the database stays away for some",
}


def calls_in(source: str) -> list[tuple[str, str]]:
    """What is called, without and with the object that it is called on."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [ast.unparse(call.func) for call in calls]
    return [(name.rpartition(".")[2], name) for name in named]


def sleeps_in(source: str) -> list[str]:
    return [name for _, name in calls_in(source) if name in SLEEPS or name.endswith("Event().wait")]


def lets_time_pass(source: str) -> bool:
    return any(last in TIME_PASSES for last, _ in calls_in(source))


def sources() -> dict[str, str]:
    files = [file for folder in FOLDERS for file in (REPOSITORY / folder).rglob("*.py")]
    return {str(file.relative_to(REPOSITORY)): file.read_text() for file in files}


def test_only_one_module_sleeps() -> None:
    # `await asyncio.Event().wait()` is no sleep: it waits for ever.
    found = {
        path: sleeps
        for path, text in sources().items()
        if path != WAITING
        and (sleeps := [each for each in sleeps_in(text) if each != "asyncio.Event().wait"])
    }
    assert found == {}


def test_time_passes_where_there_is_a_reason_and_nowhere_else() -> None:
    passing = {path for path, text in sources().items() if lets_time_pass(text)}
    assert passing - {WAITING} == set(REASONS)


@pytest.mark.parametrize(
    "line", ["time.sleep(1)", "sleep(0.1)", "asyncio.sleep(0)", "Event().wait(1)"]
)
def test_a_sleep_is_found(line: str) -> None:
    assert sleeps_in(f"def test() -> None:\n    {line}\n") == [line.rpartition("(")[0]]


def test_the_one_module_is_there() -> None:
    assert sleeps_in(Path(REPOSITORY / WAITING).read_text()) != []
