"""The page about production, followed as its reader does: on an empty Debian, to its end."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from testing.machine.debian import Machine, reason_for_no_machine, started
from testing.paths import REPOSITORY
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

PAGE = REPOSITORY / "docs/how-to/run-in-production.md"
BLOCK = re.compile(r"(<!-- elsewhere.*? -->\n)?^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PACKAGES = re.compile(r"^apt-get install .*--no-install-recommends (.+)$", re.MULTILINE)
MARK = "=== the block that begins with: "
PAGE_SECONDS = 600
"""Far above the minute or two that the page takes a machine with nothing else to do."""
ASK = (
    "curl --silent --cacert /etc/ssl/bursar.crt --write-out ' %{http_code}' https://api.example.org"
)


def blocks() -> list[str]:
    return [text for elsewhere, text in BLOCK.findall(PAGE.read_text()) if not elsewhere]


def as_one_script(texts: list[str]) -> str:
    """Ends at the first command that fails. Each block is announced by its first line."""
    announced = [f"cat <<'MARK'\n{MARK}{text.splitlines()[0]}\nMARK\n{text}" for text in texts]
    return "\n".join(["set -e", *announced])


@dataclass(frozen=True)
class Followed:
    machine: Machine
    printed: list[tuple[str, str]]
    """The first line of each block, and what the block printed."""

    def of(self, beginning: str) -> str:
        return next(text for line, text in self.printed if line.startswith(beginning))


def brought(folder: Path) -> Path:
    """What the page has copied to the machine."""
    folder.mkdir()
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
    subprocess.run([*build, str(folder)], cwd=REPOSITORY, check=True, capture_output=True)
    shutil.copy(REPOSITORY / "requirements.lock", folder)
    shutil.copytree(REPOSITORY / "deploy", folder / "deploy")
    return folder


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    if reason := reason_for_no_machine():
        pytest.skip(reason)
    with started(tmp_path, brought(tmp_path / "brought")) as machine:
        finished = machine.run(as_one_script(blocks()), seconds=PAGE_SECONDS)
        if finished.returncode != 0:
            log = machine.run("journalctl --no-pager --lines 40", seconds=60).stdout
            pytest.fail(f"{finished.stdout[-6000:]}\n{log}")
        parts = [part.partition("\n") for part in finished.stdout.split(MARK)[1:]]
        yield Followed(machine, [(line, text) for line, _, text in parts])


@pytest.mark.timeout(PAGE_SECONDS + 300)
def test_the_page_leads_to_an_installation_that_works(followed: Followed) -> None:
    """One test: the machine takes a minute, and tests of one file run in several processes."""
    every_command_worked(followed)
    requests_were_served_over_tls_by_both_proxies(followed)
    only_the_first_web_process_was_told_to_stop(followed.machine)
    systemd_finds_no_fault(followed.machine)
    others_can_read_no_secrets(followed.machine)
    haproxy_stops_asking_while_the_database_is_away(followed.machine)
    assert followed.machine.run(f"{ASK}/metrics", seconds=60).stdout.endswith("404")


def every_command_worked(followed: Followed) -> None:
    assert [line for line, _ in followed.printed] == [text.splitlines()[0] for text in blocks()]
    assert "everything holds" in followed.of("DUMP=")
    checked = followed.of("install --directory --owner=postgres")
    assert "backups: the newest is 0 hours old" in checked
    assert "wrong" not in checked


def requests_were_served_over_tls_by_both_proxies(followed: Followed) -> None:
    requests = ("cat >request.sh", "bursar clients disable", "systemctl disable --now haproxy")
    for beginning in requests:
        assert "All courses" in followed.of(beginning)


def only_the_first_web_process_was_told_to_stop(machine: Machine) -> None:
    """The page restarts the service. Processes that systemd itself tells to stop do not drain."""
    log = machine.run("journalctl --no-pager --unit bursar-web", seconds=60).stdout
    assert "Stopped bursar-web.service" in log
    assert "Unexpected exit" not in log
    assert "Failed with result" not in log


def systemd_finds_no_fault(machine: Machine) -> None:
    units = "bursar-web.service bursar-worker.service"
    commands = [
        f"systemd-analyze verify {units} bursar-backup.timer",
        *(f"systemd-analyze security --threshold=30 {unit} >/dev/null" for unit in units.split()),
        f"systemctl show --property=NRestarts,ActiveState {units}",
        "systemctl --failed --no-legend",
    ]
    printed = machine.run("set -e\n" + "\n".join(commands), seconds=60).stdout
    assert printed.split() == 2 * ["NRestarts=0", "ActiveState=active"]


def others_can_read_no_secrets(machine: Machine) -> None:
    for name in ("bursar/environment", "haproxy/bursar.pem", "ssl/private/bursar.key"):
        tried = machine.run(f"runuser -u nobody -- cat /etc/{name}", seconds=60)
        assert "Permission denied" in tried.stdout


def haproxy_stops_asking_while_the_database_is_away(machine: Machine) -> None:
    machine.run("systemctl stop nginx && systemctl start haproxy", seconds=60)

    def is_answered(*texts: str) -> bool:
        printed = machine.run(f"{ASK}/ready --include", seconds=60).stdout
        return all(text in printed for text in texts)

    wait_until(lambda: is_answered(" 200"))
    machine.run("systemctl stop postgresql@15-main", seconds=60)
    wait_until(lambda: is_answered(" 503", "retry-after: 5", "The service is unavailable."))
    machine.run("systemctl start postgresql@15-main", seconds=60)
    wait_until(lambda: is_answered(" 200"))


def test_the_machine_has_ready_what_the_page_installs() -> None:
    ready = re.search(r'^machine_packages="(.+)"$', (REPOSITORY / "run").read_text(), re.MULTILINE)
    assert ready is not None
    assert PACKAGES.findall(PAGE.read_text()) == [ready[1]]


def test_few_commands_are_left_out() -> None:
    left_out = [text for elsewhere, text in BLOCK.findall(PAGE.read_text()) if elsewhere]
    assert [text.split()[0] for text in left_out] == ["python3"]
