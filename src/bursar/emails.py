"""E-mail addresses: the one way in which they are checked and compared."""

import re
from typing import Final

# What RFC 5322 calls specials would end the address in a header: a mail to `a,b@c.org` is one to
# `b@c.org`, too.
_ATOM: Final = r"""[^\s@.,:;<>()\[\]\\"]+"""
_LABEL: Final = r"[^\W_](?:[\w-]*[^\W_])?"
_ADDRESS: Final = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}(?:\.{_LABEL})+|localhost|\[[\da-fA-F:.]+\])"
)
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
