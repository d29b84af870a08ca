"""E-mail addresses: the one way in which they are checked and compared."""

import re
from typing import Final

_ADDRESS: Final = re.compile(r"[^@\s]+@(?:[^@\s.]+(?:\.[^@\s.]+)+|localhost)")
_LONGEST: Final = 254


def checked(text: str) -> str:
    """Trimmed. Raises ValueError when it is no address."""
    address = text.strip()
    if len(address) > _LONGEST or not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise ValueError("Enter a valid email address.")
    return address


def normalised(text: str) -> str:
    """As addresses are compared and stored, whether or not it is one."""
    return text.strip().lower()
