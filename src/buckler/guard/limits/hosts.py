"""Host names that an application answers to (CWE-644, CWE-640; RFC 9110, 7.2; ASVS 5.0 V13.1).

Threat: a link in a mail, a cache's key or a redirect made from a ``Host`` that the attacker chose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from buckler.guard.audit.events import EventKind
from buckler.guard.inbound import Inbound
from buckler.guard.options import GuardError
from buckler.guard.refusal import Refusal

_PATTERN = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]|\*", re.IGNORECASE)
_HOST = re.compile(rb"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)
REMEMBERED: Final = 1024
MAX_HOST: Final = 261
"""Bytes of the longest name (RFC 1035, 2.3.4), a port and brackets."""
REFUSED: Final = Refusal(400, "Unknown host", EventKind.HOST_REFUSED, "host")


class Hosts:
    """A check of ``Host``.

    Args:
        names: Host names without port; ``*.example.com`` stands for names below it. Empty: any
            that has the form of a host.

    Raises:
        GuardError: A name is none.
    """

    __slots__ = ("_any", "_exact", "_suffixes", "known")

    def __init__(self, names: Iterable[str] = ()) -> None:
        if isinstance(names, str):
            raise GuardError(f"hosts is a list of names: [{names!r}]")
        chosen = [name.lower() for name in names]
        for name in chosen:
            if not _PATTERN.fullmatch(name):
                raise GuardError(
                    f"hosts: {name!r} is no host name", hint="without scheme, port and path"
                )
        self._any = not chosen or "*" in chosen
        self._exact = frozenset(n.encode() for n in chosen if not n.startswith("*"))
        self._suffixes = tuple(n[1:].encode() for n in chosen if n.startswith("*."))
        self.known: set[bytes] = set()
        """Of those that passed, some."""

    def check(self, inbound: Inbound) -> Refusal | None:
        """Whether the request may go on."""
        host = inbound.headers.get(b"host", b"")
        if host and self._allows(host):
            if len(self.known) < REMEMBERED:
                self.known.add(host)
            return None
        if not host and inbound.scope.get("http_version") == "1.0" and self._any:
            return None
        return REFUSED

    def _allows(self, host: bytes) -> bool:
        if len(host) > MAX_HOST or not _HOST.fullmatch(host):
            return False
        if self._any:
            return True
        name = re.sub(rb":\d+$", b"", host).lower().rstrip(b".")
        return name in self._exact or name.endswith(self._suffixes)
