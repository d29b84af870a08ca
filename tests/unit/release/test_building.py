"""The distributions hold what they should, and the same bytes each time."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from release import building
from release.building import NotReproducible, build_twice
from testing.paths import REPOSITORY

EPOCH = "1800000000"

pytestmark = pytest.mark.slow


def test_two_builds_are_equal_and_complete(tmp_path: Path) -> None:
    first = tmp_path / "first"
    hashes = build_twice(REPOSITORY, first, tmp_path / "second", EPOCH)
    sdist, wheel = sorted(hashes, key=lambda name: name.endswith(".whl"))
    with zipfile.ZipFile(first / wheel) as archive:
        held = set(archive.namelist())
    sources = (REPOSITORY / "src").rglob("*")
    wanted = {
        str(file.relative_to(REPOSITORY / "src"))
        for file in sources
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert wanted - held == set()
    with tarfile.open(first / sdist) as archive:
        roots = {name.split("/")[1] for name in archive.getnames()}
    assert {"src", "docs", "deploy", "LICENSE", "NOTICE", "PKG-INFO"} <= roots
    assert roots.isdisjoint({"tests", "testing", "benchmarks", ".venv", ".tools"})


def test_builds_that_differ_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([{"a.whl": "1", "a.tar.gz": "2"}, {"a.whl": "1", "a.tar.gz": "3"}])
    monkeypatch.setattr(building, "build", lambda *_: next(answers))
    with pytest.raises(NotReproducible, match=r"a\.tar\.gz"):
        build_twice(REPOSITORY, tmp_path, tmp_path, EPOCH)
