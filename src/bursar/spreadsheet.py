"""Text in a CSV file that is safe to open in a spreadsheet."""

from typing import Final

_BEGIN_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
SUSPICIOUS: Final = frozenset({" ", *_BEGIN_FORMULAS})
"""The first characters of every text that `cell` changes."""


def cell(text: str) -> str:
    """The text, with an apostrophe in front if a spreadsheet would otherwise run it as a
    formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_BEGIN_FORMULAS) else text
