"""Manifests: what an operator declares, read and checked without a database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from bursar.provisioning.cross_checks import Read, cross_problems
from bursar.provisioning.forms import ContentForm, EnterpriseForm, ManifestForm
from bursar.provisioning.problems import ManifestError, problems_of
from bursar.provisioning.reading import read_data

__all__ = ["Manifest", "ManifestError", "from_data", "load"]


@dataclass(frozen=True, slots=True)
class Manifest:
    content: Sequence[ContentForm] = ()
    enterprises: Sequence[EnterpriseForm] = ()
    folder: Path = field(default_factory=Path)
    """Relative file names start here."""
    prefix: str = ""
    """Before every path in a problem: the file's name when there are several, else nothing."""


def load(paths: Sequence[Path]) -> list[Manifest]:
    """Raises ManifestError with every problem of every file."""
    manifests: list[Manifest] = []
    files: list[Read] = []
    problems: list[str] = []
    for path in paths:
        prefix = f"{path}: " if len(paths) > 1 else ""
        try:
            files.append(Read(read_data(path), prefix))
        except ManifestError as error:
            problems += [_prefixed(prefix, line) for line in error.problems]
            continue
        try:
            manifests.append(_formed(files[-1], path.parent))
        except ManifestError as error:
            problems += error.problems
    if problems := problems + cross_problems(files):
        raise ManifestError(problems)
    return manifests


def from_data(data: object, *, folder: Path | None = None) -> Manifest:
    """A manifest from what its YAML or JSON would hold. Raises ManifestError like `load`."""
    read = Read(data)
    problems = cross_problems([read])
    try:
        manifest = _formed(read, folder or Path())
    except ManifestError as error:
        problems = error.problems + problems
    if problems:
        raise ManifestError(problems)
    return manifest


def _formed(file: Read, folder: Path) -> Manifest:
    try:
        form = ManifestForm.model_validate({} if file.data is None else file.data)
    except ValidationError as error:
        raise ManifestError([file.prefix + line for line in problems_of(error)]) from error
    return Manifest(form.content, form.enterprises, folder, file.prefix)


def _prefixed(prefix: str, line: str) -> str:
    return line if line.startswith(prefix) else prefix + line
