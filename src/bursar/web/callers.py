"""The caller's address: that of the connection, or the one that a trusted proxy reports."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

Network = IPv4Network | IPv6Network
FORWARDED = b"x-forwarded-for"
MOST_PROXIES: Final = 20
"""Whatever stands before so many proxies is not read: each address costs time."""


def caller_address(
    peer: str, headers: Iterable[tuple[bytes, bytes]], trusted: Sequence[Network]
) -> str:
    """The last address that is not a trusted proxy's. Callers can forge everything before it."""
    if not trusted or not _is_within(peer, trusted):
        return peer
    lines = [value.decode("latin-1") for name, value in headers if name == FORWARDED]
    address = peer
    for each in reversed(",".join(lines).rsplit(",", MOST_PROXIES)[-MOST_PROXIES:]):
        named = each.strip()
        if not _is_address(named):
            return address
        address = named
        if not _is_within(named, trusted):
            return address
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_within(address: str, networks: Sequence[Network]) -> bool:
    if not _is_address(address):
        return False
    parsed = ip_address(address)
    # A dual-stack socket shows IPv4 callers with IPv4-mapped IPv6 addresses.
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(parsed in network for network in networks)
