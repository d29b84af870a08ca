"""The accent of an installation, made readable on light and on dark paper."""

from typing import Final

from bursar.colours import Colour, luminance, parsed

LIGHT, DARK = "#ffffff", "#121417"
READABLE: Final = 4.5
"""The contrast that WCAG 2.2 AA asks of text."""


def theme(accent: str) -> str:
    on_light, on_dark = readable(accent, LIGHT), readable(accent, DARK)
    # The names of custom properties are those of console.css.
    return (
        f":root{{--accent:{on_light};--on-accent:{ink_on(on_light)}}}"
        f"@media(prefers-color-scheme:dark){{:root{{--accent:{on_dark};"
        f"--on-accent:{ink_on(on_dark)}}}}}"
    )


def readable(colour: str, paper: str) -> str:
    """The colour, or the nearest one in the direction away from the paper that can be read."""
    towards = (0, 0, 0) if luminance(paper) > 0.5 else (255, 255, 255)
    own = parsed(colour)
    for step in range(21):
        mixed = _written(_mixed(own, towards, step / 20))
        if contrast(mixed, paper) >= READABLE:
            return mixed
    return _written(towards)


def ink_on(colour: str) -> str:
    return max((LIGHT, DARK), key=lambda ink: contrast(ink, colour))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
