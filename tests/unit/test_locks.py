"""The lock files say exactly what is installed: one version each, by its contents."""

import re
import subprocess
import sys

import pytest

from testing.paths import REPOSITORY

LOCKS = ["requirements.lock", "requirements-dev.lock"]
PINNED = re.compile(r"([a-z0-9-]+)(?:\[[a-z,]+\])?==[\w.+!]+(?: ; [^\\]+)?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(lock: str) -> list[list[str]]:
    """Of each package: what it is, then its hashes."""
    joined = (REPOSITORY / lock).read_text().replace("\\\n", "\0")
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [[part.strip() for part in line.split("\0")] for line in lines]


def problems(lines: list[list[str]]) -> list[str]:
    return [
        name
        for name, *hashes in lines
        if not PINNED.fullmatch(name) or not hashes or not all(map(HASH.fullmatch, hashes))
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_hashes(lock: str) -> None:
    found = entries(lock)
    assert len(found) > 30
    assert problems(found) == []
    names = [str(name).partition("==")[0] for name, *_ in found]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "line",
    [["a>=1", "--hash=sha256:" + "0" * 64], ["a==1"], ["a==1", "--hash=md5:0"], ["a @ file:///x"]],
)
def test_a_package_that_could_be_another_is_told(line: list[str]) -> None:
    assert problems([line]) == [line[0]]


def names_in(file: str) -> set[str]:
    lines = (REPOSITORY / file).read_text().splitlines()
    wanted = [re.split(r"[\[=]", line)[0].strip().lower() for line in lines]
    return {name for name in wanted if name and name[0] not in "#-"}


def locked_in(lock: str) -> set[str]:
    return {re.split(r"[=\[ ]", entry[0])[0] for entry in entries(lock)}


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_asked_for_is_locked(lock: str) -> None:
    assert names_in(lock.replace(".lock", ".in")) <= locked_in(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_done_without_is_not_locked(lock: str) -> None:
    left_out = names_in("requirements-without.txt")
    assert left_out
    assert not left_out & locked_in(lock)


def test_nothing_for_tests_and_other_databases_is_installed_to_run() -> None:
    assert not {"faker", "polyfactory", "pymongo", "hypothesis"} & locked_in("requirements.lock")


def test_the_application_imports_nothing_that_is_done_without() -> None:
    program = "import sys, bursar.app, bursar.work, bursar.jobs.worker; print(*sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in finished.stdout.split()}
    assert "litestar" in imported
    assert not imported & {*names_in("requirements-without.txt"), "opaque_keys"}


def test_both_locks_agree() -> None:
    development = {entry[0]: entry for entry in entries("requirements-dev.lock")}
    assert all(development.get(entry[0]) == entry for entry in entries("requirements.lock"))
