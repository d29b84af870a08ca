"""E-mail addresses: the one way in which they are checked and compared."""

import re
import unicodedata
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
    """Trimmed, and composed as Unicode composes it (NFC), so that two ways to write an accent are
    one address. Raises ValueError when it is no address, naming a character that nobody sees."""
    address = unicodedata.normalize("NFC", text.strip())
    refuse_invisible(address)
    if len(address) > _LONGEST or not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise ValueError("Enter a valid email address.")
    return address


def refuse_invisible(text: str) -> None:
    """Raises ValueError for marks of direction, zero-width characters, byte order marks and the
    like: they come with copied text, and make two addresses of what looks like one."""
    if text.isascii():
        return
    for position, character in enumerate(text, 1):
        if unicodedata.category(character) == "Cf":
            raise ValueError(
                f"Remove the invisible character U+{ord(character):04X} at position {position}."
            )


def normalised(text: str) -> str:
    """As addresses are compared and stored, whether or not it is one."""
    composed = unicodedata.normalize("NFC", text.strip())
    # Lower case is not always composed.
    return unicodedata.normalize("NFC", composed.lower())


def from_query(text: str) -> str:
    """An address, or a part of one, of a query string, as it is stored."""
    # A query string takes a plus sign for a space. No address has a space, so a plus was meant.
    return normalised(text).replace(" ", "+")
