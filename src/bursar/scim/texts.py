"""What texts may be stored, and asked for."""

from collections.abc import Iterator
from typing import Any, Final

from scim2_models import InvalidValueException

LONGEST: Final = 1_000
LONGEST_NAME: Final = 255
"""Of what there is an index of."""


def check_texts(value: Any) -> None:
    """Raises InvalidValueException for a text that is too long, or that PostgreSQL cannot store."""
    for text in _texts(value):
        check_text(text, LONGEST)


def check_text(text: str, longest: int) -> None:
    """Raises InvalidValueException."""
    if len(text) > longest:
        raise InvalidValueException(detail=f"A text has more than {longest} characters.")
    if "\0" in text or not _is_unicode(text):
        raise InvalidValueException(detail="A text has a NUL, or half of a character.")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield str(name)
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
