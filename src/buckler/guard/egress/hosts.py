"""Reads the host of an address as browsers and resolvers may read it, and refuses what they read differently.

``0x7f.1``, ``0177.0.0.1``, ``2130706433`` and ``①②⑦.0.0.1`` are all 127.0.0.1 to somebody (WHATWG URL,
host parsing; POSIX inet_aton). An address has to be written in its usual form, also where it is a public one.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from buckler.guard.egress.errors import UrlRefused
from buckler.guard.egress.ranges import Address

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
INSIDE: Final = (
    "localhost",  # RFC 6761, 6.3
    "localdomain",
    "local",  # RFC 6762
    "internal",  # reserved by ICANN, 2024
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",  # RFC 8375
    "onion",  # RFC 7686
    "invalid",  # RFC 6761, 6.4
    "alt",  # RFC 9476
)
"""Endings of names that are never public."""


def _bad(message: str, reason: str) -> UrlRefused:
    return UrlRefused(message, reason=reason)


def read_host(host: str) -> Address | str:
    """An address, or a name in lower case, ASCII, without a dot at its end.

    Args:
        host: As it stands in a URL, with or without the brackets of IPv6.

    Raises:
        UrlRefused: It is neither, or an address in an unusual form, or has a zone (RFC 6874).
    """
    if ":" in host or host.startswith("["):
        return _ipv6(host)
    name = _ascii(host)
    labels = name.split(".")
    if labels[-1] == "" and len(labels) > 1:
        labels.pop()
    if _NUMBER.fullmatch(labels[-1]):
        # WHATWG URL, "ends in a number": nothing but an IPv4 address may.
        try:
            return IPv4Address(host)
        except AddressValueError as error:
            raise _bad("the address is written in an unusual form", "form") from error
    if sum(len(label) + 1 for label in labels) > 254 or not all(map(_LABEL.fullmatch, labels)):
        raise _bad("the host is no name and no address", "form")
    return ".".join(labels)


def _ipv6(host: str) -> IPv6Address:
    text = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if "%" in text:
        raise _bad("an address with a zone is refused", "zone")
    try:
        return IPv6Address(text)
    except AddressValueError as error:
        raise _bad("the host is no name and no address", "form") from error


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    import idna  # only for such names

    try:
        return idna.encode(host, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise _bad("the host is no name of a host (RFC 5891)", "idna") from error


def is_inside(name: str) -> bool:
    """Whether a name is one of the own network: a single label, or an ending that is never public."""
    return "." not in name or any(name == end or name.endswith(f".{end}") for end in INSIDE)
