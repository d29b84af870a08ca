"""schemathesis against a running server: all its checks, and the links between operations.

`FUZZ_EXAMPLES=500 ./run test tests/fuzz/test_schemathesis.py --timeout 0` takes minutes.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from testing.clients.samples import OWN
from testing.examples import FUZZ_EXAMPLES, IS_LONG
from testing.paths import REPOSITORY
from testing.servers.processes import ServerProcess
from testing.worlds.contract import ACME, COURSE_KEY, PROGRAM_UUID, RUN_KEY

HOOKS = "tests.fuzz.schemathesis_hooks"
# Without them most requests would end at an unknown object.
OBJECTS = {
    "path.catalog_id": OWN["catalog"],
    "path.policy_uuid": OWN["policy"],
    "path.assignment_configuration_uuid": OWN["configuration"],
    "path.transaction_uuid": OWN["transaction"],
    "path.subscription_plan_uuid": OWN["plan"],
    "path.license_uuid": OWN["license"],
    "path.enterprise_uuid": ACME,
    "path.job_id": OWN["job"],
    "path.course_key": COURSE_KEY,
    "path.course_run_id": RUN_KEY,
    "path.program_uuid": PROGRAM_UUID,
    "query.enterprise_customer_uuid": ACME,
    "query.bulk_enrollment_job_uuid": OWN["job"],
}
# A rule may refuse what has the right form.
GOOD_STATUSES = ["2xx", "3xx", "401", "403", "404", "409", "422", "429"]


@dataclass(frozen=True)
class Run:
    phases: str
    with_objects: bool
    accept: str = "*/*"

    def configuration(self) -> str:
        lines = [f"[checks]\npositive_data_acceptance.expected-statuses = {GOOD_STATUSES}"]
        if self.with_objects:
            lines += ["[parameters]", *(f'"{name}" = "{uuid}"' for name, uuid in OBJECTS.items())]
        return "\n".join(lines)

    def command(self, server: ServerProcess, token: str, file: Path) -> list[str]:
        options = {
            "--phases": self.phases,
            "--checks": "all",
            "--max-examples": str(FUZZ_EXAMPLES if IS_LONG else 3),
            "--generation-database": "none",
            # NUL in texts is refused, but no schema says so: the other fuzzers send it.
            "--generation-allow-x00": "false",
        }
        if not IS_LONG:
            options["--seed"] = "1"
        headers = [f"Authorization: JWT {token}", f"Accept: {self.accept}"]
        flat = [part for option in options.items() for part in option]
        flat += [part for header in headers for part in ("--header", header)]
        start = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(file), "run"]
        return [*start, f"{server.url}/openapi.json", *flat, "--continue-on-failure", "--no-color"]


RUNS = {
    "own objects": Run("examples,coverage,fuzzing", with_objects=True),
    # What links lead on with is read from JSON.
    "links": Run("stateful", with_objects=False, accept="application/json"),
}
LONG_RUNS = {"any objects": Run("examples,coverage,fuzzing,stateful", with_objects=False)}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*RUNS, *(LONG_RUNS if IS_LONG else ())])
def test_schemathesis_finds_nothing(
    server: ServerProcess, token: str, tmp_path: Path, name: str
) -> None:
    run = (RUNS | LONG_RUNS)[name]
    file = tmp_path / "schemathesis.toml"
    file.write_text(run.configuration())
    ended = subprocess.run(
        run.command(server, token, file),
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr
    assert "Traceback" not in server.log
