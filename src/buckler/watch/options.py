"""How watch is set up, as one value that the command fills."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from buckler.watch.alerts.channels import Reach
from buckler.watch.scanning.git import Cloning
from buckler.watch.scanning.scanner import Scanning
from buckler.watch.web.openid import OpenId

LOCAL: Final = ("localhost", "127.0.0.1", "[::1]")
"""Names of this machine that no other site can take for itself (DNS rebinding, CWE-350)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All of it.

    Attributes:
        data: Folder of the data; None for the platform's own.
        database: Address of a PostgreSQL database; empty for SQLite in that folder.
        at_once: Scans of this process at once.
        in_all: Scans of all processes at once.
        scanning: How folders are scanned.
        cloning: Which repositories are cloned, and with which limits.
        reach: Where channels may send to.
        base_url: Where browsers find it, e.g. ``https://watch.example``; passkeys and providers need it.
        hosts: Names that requests may ask for beside those of this machine and that of ``base_url``.
        openid: With whom people sign in, beside passwords and passkeys; needs ``base_url``.
        keep_days: How long the reports of scans and deliveries that ended are kept; the last report stays.
        keep_events_days: How long events of applications are kept.
        keep_events: How many of each target.
    """

    data: Path | None = None
    database: str = ""
    at_once: int = 2
    in_all: int = 50
    scanning: Scanning = field(default_factory=Scanning)
    cloning: Cloning = field(default_factory=Cloning)
    reach: Reach = field(default_factory=Reach)
    base_url: str = ""
    hosts: tuple[str, ...] = ()
    openid: OpenId | None = None
    keep_days: float = 400.0
    keep_events_days: float = 90.0
    keep_events: int = 200_000

    @property
    def known_hosts(self) -> tuple[str, ...]:
        """Every name that requests may ask for, without ports."""
        name = urlsplit(self.base_url).hostname or ""
        found = [bracketed(name)] if name else []
        return tuple(dict.fromkeys((*LOCAL, *found, *self.hosts)))


def bracketed(host: str) -> str:
    """A host as it stands in a ``Host`` header (RFC 9110, 7.2): an IPv6 address has brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
