"""Addresses that are not for the public: the special-purpose registries of IANA, as a table of our own.

Threat: server-side request forgery (CWE-918; ASVS 5.0 V1.3.6). ``ipaddress.is_global`` differs between
versions of Python and knows neither translated addresses nor those of metadata services, so nothing here asks it.
Sources: the IANA registries of IPv4 and IPv6 special-purpose addresses (RFC 6890, RFC 8190) and of the IPv6
address space (only 2000::/3 is given out as global unicast, RFC 4291, 2.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Range:
    """A range that may not be called.

    Attributes:
        network: Its addresses.
        reason: A stable word for events.
        source: Where that is written.
    """

    network: Network
    reason: str
    source: str


def _table(rows: tuple[tuple[str, str, str], ...]) -> tuple[Range, ...]:
    return tuple(Range(ip_network(network), reason, source) for network, reason, source in rows)


METADATA: Final = frozenset(
    {
        IPv4Address("169.254.169.254"),  # most clouds
        IPv4Address("169.254.170.2"),  # tasks of ECS
        IPv4Address("169.254.170.23"),  # pods of EKS
        IPv6Address("fd00:ec2::254"),
        IPv6Address("fd00:ec2::23"),
        IPv6Address("fd20:ce::254"),  # Google
        IPv4Address("100.100.100.200"),  # Alibaba
        IPv4Address("168.63.129.16"),  # Azure; a public address
        IPv4Address("192.0.0.192"),  # Oracle
    }
)
"""Metadata services of clouds: a network that is allowed does not allow these, unless it names one alone."""

IPV4: Final = _table(
    (
        ("0.0.0.0/8", "this_network", "RFC 791, 3.2; RFC 1122, 3.2.1.3"),
        ("10.0.0.0/8", "private", "RFC 1918"),
        ("100.64.0.0/10", "shared", "RFC 6598"),
        ("127.0.0.0/8", "loopback", "RFC 1122, 3.2.1.3"),
        ("169.254.0.0/16", "link_local", "RFC 3927"),
        ("172.16.0.0/12", "private", "RFC 1918"),
        ("192.0.0.0/24", "protocol", "RFC 6890, 2.1"),
        ("192.0.2.0/24", "documentation", "RFC 5737"),
        ("192.31.196.0/24", "as112", "RFC 7535"),
        ("192.52.193.0/24", "multicast_tunnel", "RFC 7450"),
        ("192.88.99.0/24", "6to4_relay", "RFC 7526"),
        ("192.168.0.0/16", "private", "RFC 1918"),
        ("192.175.48.0/24", "as112", "RFC 7534"),
        ("198.18.0.0/15", "benchmark", "RFC 2544"),
        ("198.51.100.0/24", "documentation", "RFC 5737"),
        ("203.0.113.0/24", "documentation", "RFC 5737"),
        ("224.0.0.0/4", "multicast", "RFC 5771"),
        ("255.255.255.255/32", "broadcast", "RFC 8190; RFC 919, 7"),
        ("240.0.0.0/4", "reserved", "RFC 1112, 4"),
    )
)
IPV6: Final = _table(
    (
        ("::/128", "unspecified", "RFC 4291, 2.5.2"),
        ("::1/128", "loopback", "RFC 4291, 2.5.3"),
        ("::ffff:0:0/96", "mapped", "RFC 4291, 2.5.5.2"),
        ("::/96", "compatible", "RFC 4291, 2.5.5.1"),
        ("::ffff:0:0:0/96", "translated", "RFC 2765, 2.1"),
        ("64:ff9b::/96", "nat64", "RFC 6052"),
        ("64:ff9b:1::/48", "nat64", "RFC 8215"),
        ("100::/64", "discard", "RFC 6666"),
        ("100:0:0:1::/64", "dummy", "RFC 9780"),
        ("2001::/32", "teredo", "RFC 4380"),
        ("2001:2::/48", "benchmark", "RFC 5180; RFC 1752"),
        ("2001:10::/28", "orchid", "RFC 4843"),
        ("2001:20::/28", "orchid", "RFC 7343"),
        ("2001::/23", "protocol", "RFC 2928"),
        ("2001:db8::/32", "documentation", "RFC 3849"),
        ("2002::/16", "6to4", "RFC 3056"),
        ("2620:4f:8000::/48", "as112", "RFC 7534"),
        ("3ffe::/16", "6bone", "RFC 3701"),
        ("3fff::/20", "documentation", "RFC 9637"),
        ("5f00::/16", "segment_routing", "RFC 9602"),
        ("fc00::/7", "private", "RFC 4193"),
        ("fe80::/10", "link_local", "RFC 4291, 2.5.6"),
        ("fec0::/10", "site_local", "RFC 3879"),
        ("ff00::/8", "multicast", "RFC 4291, 2.7"),
    )
)
GLOBAL_IPV6: Final = IPv6Network("2000::/3")
_METADATA: Final = "metadata"
_OUTSIDE: Final = Range(IPv6Network("::/0"), "unassigned", "RFC 4291, 2.4")
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})
_NAT64: Final = IPv6Network("64:ff9b::/96")


def refused(address: Address) -> Range | None:
    """The range for which an address may not be called; None where it is a public one."""
    if address in METADATA:
        return Range(ip_network(address), _METADATA, "metadata service of a cloud")
    for row in IPV4 if address.version == 4 else IPV6:
        if address in row.network:
            return row
    if address.version == 4:
        return None
    if address not in GLOBAL_IPV6:
        return _OUTSIDE
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return Range(ip_network(address), "isatap", "RFC 5214, 6.1")
    return None


def inner(address: Address) -> IPv4Address | None:
    """The IPv4 address that a translator makes of an IPv6 one (RFC 6052, 2.2; RFC 4291, 2.5.5.2)."""
    if address.version == 4:
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None
