"""The caller's address: that of the connection, or the one that a trusted proxy reports."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

Network = IPv4Network | IPv6Network
FORWARDED = b"x-forwarded-for"
MOST_PROXIES: Final = 20
"""Whatever stands before so many proxies is not read: each address costs time."""


def caller_of(scope: Any, trusted: Sequence[Network]) -> str:
    """Who has sent the request of an ASGI scope: its address, or what counts as one."""
    peer = scope.get("client")
    return network_of(caller_address(peer[0] if peer else "", scope["headers"], trusted))


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


def network_of(address: str) -> str:
    """What counts as one address: of IPv6, the network of 64 bits, which is the least that
    anybody is given. An address mapped from IPv4 counts as that one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), 64), strict=False))


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
