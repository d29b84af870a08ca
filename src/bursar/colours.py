"""Colours as WCAG 2 sees them."""

Colour = tuple[int, int, int]


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, from 0 for black to 1 for white."""
    red, green, blue = (_linear(part / 255) for part in parsed(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def parsed(colour: str) -> Colour:
    value = int(colour.removeprefix("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
