"""E-mail addresses: the one way in which they are checked and compared."""

import re
from typing import Final

# Characters that RFC 5322 calls specials would end the address in a header: a mail to `a,b@c.org`
# would also go to `b@c.org`.
_ATOM: Final = r"""[^\s@.,:;<>()\[\]\\"]+"""
_LABEL: Final = r"[^\W_](?:[\w-]*[^\W_])?"
_ADDRESS: Final = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}(?:\.{_LABEL})+|localhost|\[[\da-fA-F:.]+\])"
)
_LONGEST: Final = 254


def checked(text: str) -> str:
    """The trimmed address. Raises ValueError when the text is not an address."""
    address = text.strip()
    if len(address) > _LONGEST or not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise ValueError("Enter a valid email address.")
    return address


def normalised(text: str) -> str:
    """The form in which addresses are compared and stored. It does not check the text."""
    return text.strip().lower()
