"""The tutorial's commands, run as a reader runs them: one after another, in one shell."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.paths import REPOSITORY
from testing.servers.cli import Cli, stopped
from testing.servers.processes import PYTHON, child_environment, free_port, is_healthy
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

TUTORIAL = REPOSITORY / "docs/tutorial.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTED_BY_DEMO = "URL            "
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
LISTENERS = ("8901", "8902")
"""Ports on which the reader receives what is sent."""
STEP_SECONDS = 400


def steps() -> Iterator[tuple[str, str]]:
    """Each block of commands, with what it is said to print, or nothing."""
    blocks = BLOCK.findall(TUTORIAL.read_text())
    following = [*blocks[1:], ("sh", "")]
    for (language, text), (next_language, output) in zip(blocks, following, strict=True):
        if language == "sh" and text != "./run demo\n":
            yield text, "" if next_language == "sh" else output


def money_steps() -> list[tuple[str, str]]:
    """From the first budget on: what comes before has output that depends on the day."""
    found = list(steps())
    first = next(place for place, (text, _) in enumerate(found) if "subsidy-access" in text)
    return found[first:]


def comparable(text: str) -> set[str]:
    plain = INSTANT.sub("(instant)", text)
    return {line.strip().rstrip(",") for line in plain.splitlines() if line.strip()}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cli, str, str]]:
    """The demo in a folder of its own, its URL and what it printed."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed, and the tutorial uses it")
    cli = Cli(tmp_path_factory.mktemp("tutorial"), "")
    url = f"http://127.0.0.1:{free_port()}"
    with cli.started("demo", "--port", url.rpartition(":")[2]) as process:
        assert process.stdout is not None
        printed = "".join(iter(process.stdout.readline, "Three requests to try (paste them into"
                               " another terminal):\n"))  # fmt: skip
        wait_until(lambda: is_healthy(url))
        yield cli, url, printed
        assert stopped(process) == 0


def test_what_the_demonstration_prints_is_what_the_tutorial_shows(
    demo: tuple[Cli, str, str],
) -> None:
    _, url, printed = demo
    shown = next(text for _, text in BLOCK.findall(TUTORIAL.read_text()) if PRINTED_BY_DEMO in text)
    assert shown.strip().replace("http://127.0.0.1:8000", url) == printed.strip()


def test_every_command_works_and_those_about_money_print_what_is_shown(
    demo: tuple[Cli, str, str],
) -> None:
    cli, url, _ = demo
    found = [text for text, _ in steps()]
    outputs = run_in_one_shell(cli.folder, url, found)
    for (text, shown), printed in zip(money_steps(), outputs[-len(money_steps()) :], strict=True):
        wanted, got = comparable(shown), comparable(printed)
        hidden = [UUID.sub("(uuid)", line) for line in got]
        missing = {line for line in wanted if UUID.sub("(uuid)", line) not in hidden}
        assert not missing, f"{text}\n{printed}"


def run_in_one_shell(folder: Path, url: str, texts: list[str]) -> list[str]:
    """What each block prints. The first command that fails ends the test."""
    bursar = f"{PYTHON} -m bursar"
    mark = "=== next block ==="
    # What still listens when a command fails must not outlive the shell.
    begin = "set -e; trap 'kill $(jobs -p) 2>/dev/null || :' EXIT"
    script = f"\necho '{mark}'\n".join([begin, *texts])
    for port in LISTENERS:
        script = script.replace(port, str(free_port()))
    script = script.replace("./run bursar", bursar).replace("http://127.0.0.1:8000", url)
    environment = child_environment({}) | {"PATH": os.environ["PATH"]}
    finished = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout.split(f"{mark}\n")[1:]
