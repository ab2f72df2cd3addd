"""Tells, once, that all callers look like one: a proxy that nobody named, or a peer without an address.

Threat: every caller shares one number of every rate, so that the first to misuse it locks out all others,
and the log knows only the proxy's address (CWE-348, CWE-770; ASVS 5.0 V4.1.3). What runs before an
application is not known when it starts; so requests to routes that are new to it are looked at, and those
that a rate refuses.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.limits.proxies import address_of, values_of

log: Final = logging.getLogger("buckler.guard")
REASON: Final = "one_caller"
_FOR: Final = re.compile(r'(?:^|[;,\s])for="?([^",;\s]+)', re.IGNORECASE)


class OneCaller:
    """Looks for the signs of it until one was seen.

    Args:
        listener: Gets the event; the log has it, too.

    Attributes:
        told: Whether one was seen.
    """

    __slots__ = ("_listener", "told")

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener
        self.told = False

    def look(self, scope: Mapping[str, Any]) -> None:
        """Look at a request that came while no proxies are configured, and is not over yet."""
        if self.told or not scope:
            return
        message = _without_address(scope) or _behind_a_proxy(scope)
        if not message:
            return
        self.told = True
        log.warning("%s: %s", REASON, message)
        if self._listener is not None:
            event = SecurityEvent(kind=EventKind.CONFIGURATION, reason=REASON, message=message)
            self._listener(event)


def _without_address(scope: Mapping[str, Any]) -> str:
    if scope.get("client"):
        return ""
    return (
        "requests have no address (a Unix socket?), so all callers share one rate; set "
        "proxies=['unix'] where a proxy stands before the application"
    )


def _behind_a_proxy(scope: Mapping[str, Any]) -> str:
    peer = scope["client"][0]
    told = _forwarded(scope["headers"])
    # The server put the address in itself, as uvicorn does for proxies that it knows.
    if not told or (address_of(peer) or peer) in told:
        return ""
    # A proxy of a company or a library adds the header on the way out, and then tells of an inner address.
    if _is_global(peer) and not _is_global(told[-1]):
        return ""
    return (
        f"requests from {peer} say that they were forwarded, and it is named in no proxies: if it is "
        f"your proxy, all callers behind it share one rate; set proxies=[{peer!r}] or its network"
    )


def _forwarded(headers: Sequence[tuple[bytes, bytes]]) -> list[str]:
    """The addresses that a request says it was forwarded for, in order (RFC 7239, 5.2)."""
    found = values_of(headers, b"x-forwarded-for")
    for element in values_of(headers, b"forwarded"):
        found += _FOR.findall(element)
    return [known for known in map(address_of, found) if known]


def _is_global(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:  # a test's client, the name of a socket
        return False
