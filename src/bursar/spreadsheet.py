"""Text in a CSV file that is safe to open in a spreadsheet, and back again."""

import re
from typing import Final

GUARD: Final = "'"
_BEGIN_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
SUSPICIOUS: Final = frozenset({" ", GUARD, *_BEGIN_FORMULAS})
"""The first characters of every text that `cell` changes."""

# Text that looks guarded already is guarded once more, so that `text_of` gives back every text.
_GUARDED: Final = re.compile(rf"{GUARD}* *[{''.join(map(re.escape, _BEGIN_FORMULAS))}]")


def cell(text: str) -> str:
    """The text, with an apostrophe in front if a spreadsheet would otherwise run it as a
    formula."""
    return GUARD + text if _GUARDED.match(text) else text


def text_of(written: str) -> str:
    """The text for which `cell` wrote this."""
    text = written.removeprefix(GUARD)
    return text if _GUARDED.match(text) else written
