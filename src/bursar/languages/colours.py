"""Colours that enterprises choose, and what can be read on them."""

from typing import Final

from bursar.colours import luminance

DARK_INK: Final = "#10151c"
LIGHT_INK: Final = "#ffffff"


def ink_on(colour: str) -> str:
    """The ink that can be read better on `rrggbb`, by the contrast that WCAG 2 defines."""
    # Where the contrasts with black and with white are the same.
    return DARK_INK if luminance(colour) > 0.179 else LIGHT_INK
