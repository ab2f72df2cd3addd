"""Addresses of issuers and resources: https, or http on this machine.

Threat: tokens and key sets that travel where others read and change them (CWE-319; RFC 8414, 2; RFC 9728, 1.2).
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.options import GuardError

LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))
LONGEST: Final = 1_000
TIMEOUT: Final = 5.0
"""Seconds that an issuer has to answer."""
_CHARACTERS: Final = re.compile(r'[^\x00-\x20"<>\\^`{|}\x7f-\U0010ffff]+')


def is_address(url: object, *, query: bool = False) -> bool:
    """Whether something is an address that may be called.

    Args:
        url: Any value.
        query: Whether it may have one.
    """
    if not isinstance(url, str) or len(url) > LONGEST or not _CHARACTERS.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc or "#" in url or ("?" in url and not query):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def address(url: object, name: str, *, query: bool = False) -> str:
    """The address itself.

    Raises:
        GuardError: It is none.
    """
    if not is_address(url, query=query):
        raise GuardError(
            f"{name}: {str(url)[:100]!r} is no address over https",
            hint=f"write {name}='https://id.example'; http on localhost alone",
        )
    return str(url)


def origin(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def well_known(url: str, name: str) -> str:
    """Where the metadata of an address is found: between host and path (RFC 8414, 3.1; RFC 9728, 3.1).

    Args:
        url: An address without query.
        name: Of the document.
    """
    return f"{origin(url)}/.well-known/{name}{urlsplit(url).path.rstrip('/')}"


def policy_for(url: str, max_bytes: int) -> EgressPolicy:
    """What may be called where the application does not say: public addresses over https, no redirects."""
    parts: SplitResult = urlsplit(url)
    return EgressPolicy(
        ports=(parts.port or 443,),
        schemes=("https",),
        max_bytes=max_bytes,
        timeout=TIMEOUT,
        max_redirects=0,
    )
