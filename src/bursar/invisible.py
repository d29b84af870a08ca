"""Characters that nobody sees. They come with copied text, and make two of what looks like one."""

import unicodedata


def refuse_invisible(text: str) -> None:
    """Raises ValueError for marks of direction, zero-width characters, byte order marks and the
    like, naming the first of them and its position, which counts from 1."""
    if text.isascii():
        return
    for position, character in enumerate(text, 1):
        if unicodedata.category(character) == "Cf":
            raise ValueError(
                f"Remove the invisible character U+{ord(character):04X} at position {position}."
            )
