"""Builds the distributions so that everybody who builds the same commit gets the same bytes."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path


class NotReproducible(Exception):
    """Two builds of one commit differ."""


def build(source: Path, target: Path, epoch: str) -> dict[str, str]:
    """The SHA-256 of the wheel and the sdist, by file name. `epoch` is the instant, in seconds,
    that files in them get."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", str(target)],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": epoch},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in sorted(target.iterdir())}


def build_twice(source: Path, first: Path, second: Path, epoch: str) -> dict[str, str]:
    """As `build`. Raises NotReproducible when the second build is not the first, byte for byte."""
    found = build(source, first, epoch)
    again = build(source, second, epoch)
    if found != again:
        differing = sorted(
            name for name in found.keys() | again if found.get(name) != again.get(name)
        )
        raise NotReproducible(f"two builds differ in {', '.join(differing)}")
    return found
