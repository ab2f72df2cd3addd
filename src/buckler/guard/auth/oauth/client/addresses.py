"""Addresses of providers: https, or http on this machine for a provider that runs in a test.

Threat: a code, a token or a key set that travels where others read and change it (CWE-319; RFC 8414, 2: https).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
LONGEST: Final = 2_000


def parts_of(url: object) -> SplitResult | None:
    """The parts of an address that a provider may have, or None where it is none."""
    if not isinstance(url, str) or not 0 < len(url) <= LONGEST or not url.isascii():
        return None
    if any(c <= " " or c in '\\"<>^`{|}\x7f' for c in url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname and "@" not in parts.netloc else None


def is_safe(url: object, *, plain: bool = False) -> bool:
    """Whether an address may be called, or a browser sent to it.

    Args:
        url: Of an endpoint.
        plain: Whether http on this machine is allowed.
    """
    parts = parts_of(url)
    if parts is None or "#" in str(url):
        return False
    return parts.scheme == "https" or (plain and is_plain(url))


def is_plain(url: object) -> bool:
    """Whether an address is http on this machine."""
    parts = parts_of(url)
    return parts is not None and parts.scheme == "http" and parts.hostname in LOOPBACK


def port_of(url: str) -> int:
    """The port that an address is called at."""
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
