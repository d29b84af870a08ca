"""What must be true of a checkout before it is released. Nothing here has effects."""

import re
from collections.abc import Iterator
from typing import Final

_VERSION: Final = re.compile(r"\d+\.\d+\.\d+")
_HEADING: Final = re.compile(r"^## (.+)$", re.MULTILINE)
UNRELEASED: Final = "Unreleased"


def wrong_version(version: str, tags: list[str]) -> Iterator[str]:
    if not _VERSION.fullmatch(version):
        yield f"the version {version!r} in pyproject.toml is not of the form 1.2.3"
    elif f"v{version}" in tags:
        yield f"the version {version} in pyproject.toml is released already: raise it"


def wrong_changelog(changelog: str, version: str, day: str) -> Iterator[str]:
    """The newest section must be that of the version, with today's date (ISO 8601). A section of
    what is not released yet may stand above it, and must then be empty."""
    parts = _HEADING.split(changelog)[1:]
    sections = list(zip(parts[::2], parts[1::2], strict=True))
    if sections and sections[0][0] == UNRELEASED:
        if sections[0][1].strip():
            yield f"CHANGELOG.md: move what stands under {UNRELEASED} to a section of {version}"
        sections = sections[1:]
    wanted = f"{version} - {day}"
    if not sections or sections[0][0] != wanted:
        yield f"CHANGELOG.md: the newest section must be headed '## {wanted}'"
    elif not sections[0][1].strip():
        yield f"CHANGELOG.md: the section of {version} is empty"


def wrong_checkout(changes: str) -> Iterator[str]:
    """`changes` is what `git status --porcelain` prints."""
    if changes.strip():
        yield "the checkout has changes that are not committed: commit or remove them"
