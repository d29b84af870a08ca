"""The units for systemd: what they leave open, judged by systemd itself where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from testing.paths import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
UNITS = [DEPLOY / "bursar-web.service", DEPLOY / "bursar-worker.service"]


def settings_of(unit: Path) -> list[str]:
    return [line for line in unit.read_text().splitlines() if "=" in line and line[0] != "#"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_what_a_service_writes_is_private(unit: Path) -> None:
    assert {"UMask=0077", "StateDirectoryMode=0700"} <= set(settings_of(unit))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_service_is_started_again_however_often_and_watched(unit: Path) -> None:
    always = {"StartLimitIntervalSec=0", "Restart=always", "Type=notify", "NotifyAccess=main"}
    assert always <= set(settings_of(unit))
    assert any(line.startswith("WatchdogSec=") for line in settings_of(unit))


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_little_that_a_service_could_do_without(unit: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", unit],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout.splitlines()[-1]
