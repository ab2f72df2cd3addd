"""The caller's address behind proxies that are one's own (RFC 7239; CWE-348; ASVS 5.0 V4.1.3).

Threat: ``X-Forwarded-For`` is the caller's to write, so a limit by its first entry limits nobody. Only
what a configured proxy appended counts: the rightmost entry that is no such proxy's.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Sequence

from buckler.guard.inbound import HTTPS, Inbound
from buckler.guard.options import GuardError, texts

MAX_HOPS = 20
REMEMBERED = 4096


class Proxies:
    """Reads ``X-Forwarded-For`` and ``X-Forwarded-Proto`` of trusted peers.

    Args:
        networks: Addresses and networks of the proxies, ``10.0.0.0/8``; ``unix`` for a peer
            without an address.

    Raises:
        GuardError: One is no network, or all addresses are trusted.
    """

    __slots__ = ("_networks", "_unix", "judged")

    def __init__(self, networks: Iterable[str]) -> None:
        chosen = texts(networks, "proxies", "10.0.0.0/8")
        self._unix = "unix" in chosen
        self._networks = []
        for text in chosen:
            if text == "unix":
                continue
            try:
                network = ipaddress.ip_network(text, strict=False)
            except ValueError as error:
                raise GuardError(
                    f"proxies: {text!r} is no address or network",
                    hint="write '10.0.0.7', '10.0.0.0/8', '2001:db8::/32', or 'unix' for a Unix "
                    "socket; a name of a host is none: give its address",
                ) from error
            if network.prefixlen == 0:
                raise GuardError(
                    f"proxies: {text} trusts everybody", hint="name the proxy's own address"
                )
            self._networks.append(network)
        self.judged: dict[str, bool] = {"": self._unix}
        """What is known of peers: whether they are proxies of ours."""

    def trusts(self, text: str) -> bool:
        """Whether an address is that of one; empty for a peer without an address."""
        known = self.judged.get(text)
        if known is None:
            if len(self.judged) >= REMEMBERED:
                self.judged.clear()
                self.judged[""] = self._unix
            known = self.judged[text] = self._is_trusted(text)
        return known

    def _is_trusted(self, text: str) -> bool:
        if not text:  # another thread may just have made room
            return self._unix
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in n for n in self._networks if n.version == address.version)

    def check(self, inbound: Inbound) -> None:
        """Put the caller's address and scheme in, where the peer is a proxy of ours."""
        known = self.judged.get(inbound.client)
        if known is False or not self.trusts(inbound.client):
            return
        headers = inbound.scope["headers"]
        hops = values_of(headers, b"x-forwarded-for")
        for hop in list(reversed(hops))[:MAX_HOPS]:
            address = address_of(hop)
            if not address:
                break
            inbound.client = address
            if not self.trusts(address):
                break
        proto = values_of(headers, b"x-forwarded-proto")
        if proto and proto[-1].lower() in ("http", "https", "ws", "wss"):
            https = proto[-1].lower() in ("https", "wss")
            inbound.flags = inbound.flags | HTTPS if https else inbound.flags & ~HTTPS


def values_of(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    """All values of a list header, of all its lines, in order."""
    lines = [value.decode("latin-1") for name, value in headers if name == wanted]
    return [part.strip() for line in lines for part in line.split(",") if part.strip()]


def address_of(hop: str) -> str:
    """The address of an entry: without port and brackets; empty where it is none."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        address = ipaddress.ip_address(hop.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


@functools.lru_cache(8192)
def bucket(client: str) -> str:
    """What an address is counted as: itself, for IPv6 its /64, which one caller has all of."""
    if ":" not in client:
        return client
    try:
        address = ipaddress.IPv6Address(client.partition("%")[0])
    except ValueError:
        return client
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
