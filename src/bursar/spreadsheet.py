"""Text in a CSV file that is safe to open in a spreadsheet."""

from typing import Final

_BEGIN_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
SUSPICIOUS: Final = frozenset({" ", *_BEGIN_FORMULAS})
"""First characters of all that `cell` changes."""


def cell(text: str) -> str:
    """What a spreadsheet would run as a formula gets an apostrophe in front, and is text."""
    return f"'{text}" if text.lstrip(" ").startswith(_BEGIN_FORMULAS) else text
