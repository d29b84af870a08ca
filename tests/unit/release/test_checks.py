"""What stops a release."""

import pytest

from release.checks import wrong_changelog, wrong_checkout, wrong_version

DAY = "2027-01-15"
CHANGELOG = """# Changelog

The format follows Keep a Changelog.

## 0.2.0 - 2027-01-15

### Added

- Something.

## 0.1.0 - 2026-10-05

- Everything else.
"""


def test_a_new_version_with_its_section_is_right() -> None:
    assert list(wrong_version("0.2.0", ["v0.1.0"])) == []
    assert list(wrong_changelog(CHANGELOG, "0.2.0", DAY)) == []
    assert list(wrong_checkout("\n")) == []


def test_an_empty_section_of_what_comes_next_may_stand_above() -> None:
    text = CHANGELOG.replace("## 0.2.0", "## Unreleased\n\n## 0.2.0")
    assert list(wrong_changelog(text, "0.2.0", DAY)) == []


@pytest.mark.parametrize(
    ("version", "tags"), [("0.2", []), ("0.2.0.dev1", []), ("0.1.0", ["v0.1.0"])]
)
def test_a_version_that_is_none_or_is_taken_is_refused(version: str, tags: list[str]) -> None:
    assert len(list(wrong_version(version, tags))) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("## 0.2.0", "## Unreleased\n\n- Not in the section.\n\n## 0.2.0"),
        ("2027-01-15", "2027-01-14"),
        ("## 0.2.0 - 2027-01-15", "## 0.3.0 - 2027-01-15"),
        ("\n### Added\n\n- Something.\n", "\n"),
        (CHANGELOG, "# Changelog\n"),
    ],
)
def test_a_changelog_that_does_not_tell_of_the_version_is_refused(old: str, new: str) -> None:
    assert len(list(wrong_changelog(CHANGELOG.replace(old, new), "0.2.0", DAY))) == 1


def test_changes_that_are_not_committed_are_refused() -> None:
    assert len(list(wrong_checkout(" M src/bursar/app.py\n"))) == 1
