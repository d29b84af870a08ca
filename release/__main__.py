"""`./run release`: checks, builds and tries a release, and prints the tag to set. It publishes
nothing."""

import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from release.building import NotReproducible, build_twice
from release.checks import wrong_changelog, wrong_checkout, wrong_version

ROOT: Final = Path(__file__).parent.parent
DIST: Final = ROOT / "dist"
TUTORIAL: Final = "tests/cli/test_tutorial.py"


def main() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    problems = [
        *wrong_version(version, git("tag", "--list").split()),
        *wrong_changelog((ROOT / "CHANGELOG.md").read_text(), version, _today()),
        *wrong_checkout(git("status", "--porcelain")),
    ]
    if problems:
        sys.exit("\n".join(f"release: {problem}" for problem in problems))
    with tempfile.TemporaryDirectory(prefix="bursar-release-") as folder:
        try:
            release(version, Path(folder))
        except NotReproducible as error:
            sys.exit(f"release: {error}")


def release(version: str, folder: Path) -> None:
    say("building twice")
    hashes = build_twice(ROOT, DIST, folder / "again", git("log", "-1", "--format=%ct").strip())
    say("installing the wheel in an empty environment, without the lock")
    python = install(DIST / f"bursar-{version}-py3-none-any.whl", folder / "venv")
    say("running the tutorial against it")
    run_tutorial(python)
    for name, digest in hashes.items():
        print(f"{digest}  dist/{name}")
    print(f"\nSet the tag:\n\n  git tag --annotate --message 'Bursar {version}' v{version}")


def install(wheel: Path, place: Path) -> Path:
    """The Python of a new environment, in which pip chose what the wheel needs."""
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    return python


def run_tutorial(python: Path) -> None:
    """The tests come from this checkout, and Bursar from the environment."""
    variables = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", TUTORIAL],
        cwd=ROOT,
        env={**variables, "TESTED_PYTHON": str(python)},
        check=True,
    )


def git(*arguments: str) -> str:
    finished = subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return finished.stdout


def say(text: str) -> None:
    print(f"release: {text}", flush=True)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


if __name__ == "__main__":
    main()
