"""The files of `deploy/` are what the tools that read them expect."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bursar.settings import Settings
from testing.paths import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
COMPOSE_SCHEMA = "vendor.compose-spec"
"""Comes with check-jsonschema."""
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()


def violations(file: Path) -> str:
    """Of the schema of the Compose specification; empty when there are none."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", COMPOSE_SCHEMA]
    finished = subprocess.run([*command, str(file)], check=False, capture_output=True, text=True)
    return "" if finished.returncode == 0 else finished.stdout + finished.stderr


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load(COMPOSE.read_text())


def test_compose_follows_its_specification() -> None:
    assert violations(COMPOSE) == ""


def test_a_file_that_does_not_follow_it_is_found(tmp_path: Path) -> None:
    broken = tmp_path / "compose.yaml"
    broken.write_text(COMPOSE.read_text().replace("condition: service_healthy", "condition: soon"))
    assert "soon" in violations(broken)


def test_compose_names_settings_that_exist(compose: Any) -> None:
    names = {f"BURSAR_{name.upper()}" for name in Settings.model_fields}
    used = set(compose["x-bursar"]["environment"])
    assert used - names == set()


def test_compose_builds_what_is_there_and_runs_commands_that_exist(compose: Any) -> None:
    built = compose["x-bursar"]["build"]
    assert (DEPLOY / built["context"] / built["dockerfile"]).is_file()
    commands = {name: one.get("command", [None])[0] for name, one in compose["services"].items()}
    assert commands == {"postgres": None, "migrate": "db", "web": "serve", "worker": "worker"}


def test_the_image_has_a_pinned_base_a_health_check_and_no_root() -> None:
    bases = re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+\.\d+-slim-\w+", bases[0])
    assert re.search(r"^USER [1-9]\d*$", CONTAINERFILE, re.MULTILINE)
    assert "HEALTHCHECK" in CONTAINERFILE
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE):
        assert all((REPOSITORY / name).exists() for name in line.split())
