"""E-mail addresses: the one way in which they are checked and compared."""

import re
import unicodedata
from typing import Final
from uuid import UUID

import idna

from bursar.invisible import refuse_invisible

# Characters that RFC 5322 calls specials would end the address in a header: a mail to `a,b@c.org`
# would also go to `b@c.org`.
_ATOM: Final = r"""[^\s@.,:;<>()\[\]\\"]+"""
_LABEL: Final = r"[^\W_](?:[\w-]*[^\W_])?"
_ADDRESS: Final = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}(?:\.{_LABEL})+|localhost|\[[\da-fA-F:.]+\])"
)
_LONGEST: Final = 254
NOBODY: Final = "@retired.invalid"
"""The end of every address that stands for somebody who was erased or scrubbed."""
_NOT_ONE: Final = "Enter a valid email address."


def checked(text: str) -> str:
    """Trimmed, composed as Unicode composes it (NFC), and with its domain in ASCII, so that two
    ways to write an accent or a domain are one address.

    Raises ValueError when it is no address, naming a character that nobody sees.
    """
    address = unicodedata.normalize("NFC", text.strip())
    refuse_invisible(address)
    local, at, domain = address.rpartition("@")
    address = f"{local}{at}{ascii_domain(domain)}"
    if not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise ValueError(_NOT_ONE)
    # Lower case can be longer, and what is stored is what has to fit.
    if len(normalised(address)) > _LONGEST:
        raise ValueError(_NOT_ONE)
    return address


def ascii_domain(domain: str) -> str:
    """As the domain name system knows it: `exämple.org` is `xn--exmple-cua.org`.

    What is read as a domain, such as other full stops and full-width letters, is mapped as a
    browser does (UTS 46). Raises ValueError for what no domain can be.
    """
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        raise ValueError(_NOT_ONE) from None


def readable(address: str) -> str:
    """The other way round: with a domain as people write it, where that is another one."""
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{idna.decode(domain)}" if "xn--" in domain else address
    except UnicodeError:
        return address


def normalised(text: str) -> str:
    """As addresses are compared and stored, whether or not it is one."""
    if text.isascii():
        return text.strip().lower()
    composed = unicodedata.normalize("NFC", text.strip())
    # Lower case is not always composed.
    address = unicodedata.normalize("NFC", composed.lower())
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{ascii_domain(domain)}" if at else address
    except ValueError:
        return address


def from_query(text: str) -> str:
    """An address, or a part of one, of a query string, as it is stored."""
    # A query string takes a plus sign for a space. No address has a space, so a plus was meant.
    return normalised(text).replace(" ", "+")


def retired_address(uuid: UUID) -> str:
    """The address that an assignment or a license has once nobody is to be known by it."""
    return f"retired_user{uuid.hex}{NOBODY}"


def is_tombstone(address: str) -> bool:
    """Whether it stands for somebody who was erased or scrubbed."""
    return address.endswith(NOBODY)
