"""How watch is set up, as one value that the command fills."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from buckler.watch.alerts.channels import Reach
from buckler.watch.scanning.git import Cloning
from buckler.watch.scanning.scanner import Scanning
from buckler.watch.web.openid import OpenId


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
    openid: OpenId | None = None
    keep_days: float = 400.0
    keep_events_days: float = 90.0
    keep_events: int = 200_000
