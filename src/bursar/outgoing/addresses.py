"""Which addresses a chosen URL may lead to: public ones, and those that the operator permits.

An enterprise chooses the URL, but the request comes from our network: without this check, it could
reach the databases, admin pages and metadata services beside us (server-side request forgery).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, Self, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# `is_global` knows most of these, but not in every version of Python, and takes some for public
# that lead to a neighbour.
_CLOSED_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # behind a carrier's NAT; a cloud has its metadata here
            "127.0.0.0/8",
            "168.63.129.16/32",  # public by its number, and the metadata service of a cloud
            "169.254.0.0/16",  # link-local, with the metadata of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocols; a cloud has its metadata here
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_OPEN_V6: Final = IPv6Network("2000::/3")
"""All that is given out as public. Everything else is closed: mapped, compatible and translated
IPv4, unique and site-local, link-local, multicast, loopback."""
_CLOSED_V6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocols, with Teredo, which carries IPv4
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which carries IPv4
            "3fff::/20",  # documentation
        ),
    )
)


def is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    return (
        address in _OPEN_V6
        and not any(address in network for network in _CLOSED_V6)
        and address.is_global
    )


def literal_address(host: str) -> Address | None:
    """The address that a host is written as, in square brackets or without; None for a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Permitted:
    """What BURSAR_WEBHOOK_ALLOW permits beside public addresses over https."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Self:
        """From networks such as `10.0.0.0/8`, addresses, and names of hosts."""
        networks, hosts = list[Network](), set[str]()
        for entry in entries:
            try:
                networks.append(ip_network(entry.strip("[]")))
            except ValueError:
                hosts.add(entry.lower().rstrip("."))
        return cls(tuple(networks), frozenset(hosts))

    def names(self, host: str) -> bool:
        """Whether the host itself is permitted, whatever its addresses are."""
        return host.lower().rstrip(".") in self.hosts

    def contains(self, address: Address) -> bool:
        plain = _plain(address)
        return any(plain in network for network in self.networks)

    def may_connect(self, host: str, address: Address, *, encrypted: bool) -> bool:
        if self.names(host) or self.contains(address):
            return True
        return encrypted and is_public(address)

    def may_be_unencrypted(self, host: str) -> bool:
        """Whether http can be right for this host. The addresses of a name are known only when a
        request is sent, and checked then."""
        address = literal_address(host)
        if address is not None:
            return self.names(host) or self.contains(address)
        return self.names(host) or bool(self.networks)


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, for a network that is written as IPv4."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
