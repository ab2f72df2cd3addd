"""Redirect addresses: registered whole, compared character by character.

Threat: a code that is sent where somebody else reads it (RFC 9700, 2.1, 4.1; ASVS 5.0 V10.4.1; CWE-601). The one
thing that may differ is the port of a loopback address of a native application (RFC 8252, 7.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from buckler.guard.options import GuardError

LONGEST: Final = 2_000
LOOPBACK: Final = frozenset(("127.0.0.1", "[::1]"))
_LOCAL: Final = LOOPBACK | {"localhost"}
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_PORT: Final = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?((?:/.*)?)", re.DOTALL)
_PRIVATE: Final = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
_AUTHORITY: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?")
"""No more than a host and its port: it goes into policies of pages (CSP3, 2.3), where others end a directive."""
_DANGEROUS: Final = frozenset(("javascript", "data", "vbscript", "file", "about", "blob"))


def check(uri: str, *, native: bool) -> str:
    """The address itself, if it may be registered.

    Args:
        uri: Absolute: ``https``; for a native application ``http`` on loopback or a private-use scheme with a dot
            (RFC 8252, 7.1 and 7.3), for others in development ``http`` on this machine.
        native: Whether it is one.

    Raises:
        GuardError: It may not.
    """
    hint = "an absolute address as the client sends it: https://app.example/callback"
    if not isinstance(uri, str) or not 0 < len(uri) <= LONGEST or not _UNRESERVED.fullmatch(uri):
        raise GuardError(f"redirect address {uri!r:.80}: no address", hint=hint)
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise GuardError(f"redirect address {uri:.80}: {error}", hint=hint) from error
    if "#" in uri:
        raise GuardError(
            f"redirect address {uri:.80}: a fragment (RFC 6749, 3.1.2)",
            hint="leave out what begins with #",
        )
    if parts.netloc and not _AUTHORITY.fullmatch(parts.netloc):
        raise GuardError(
            f"redirect address {uri:.80}: a host and a port stand there alone: no wildcard, no user",
            hint=hint,
        )
    if re.search(r"%(?:2f|5c|2e)", parts.path, re.IGNORECASE) or _has_dots(parts.path):
        raise GuardError(
            f"redirect address {uri:.80}: '..', or an encoded slash or dot, in the path", hint=hint
        )
    if parts.scheme == "https" and parts.hostname and port != 0:
        return uri
    if parts.scheme == "http" and _host(parts.netloc) in (LOOPBACK if native else _LOCAL):
        return uri
    if native and parts.scheme not in _DANGEROUS and _PRIVATE.fullmatch(parts.scheme):
        return uri
    if parts.scheme == "http" and _host(parts.netloc) == "localhost":
        raise GuardError(
            f"redirect address {uri:.80}: a native application's is 127.0.0.1 or [::1], which no resolver leads elsewhere "
            "(RFC 8252, 8.3)",
            hint="redirect_uris=['http://127.0.0.1/callback'], with any port at each request",
        )
    raise GuardError(
        f"redirect address {uri:.80}: not https",
        hint="http is for this machine alone; a native application may have a scheme of its own "
        "with a dot, e.g. com.example.app:/callback (native=True)",
    )


def is_registered(uri: str, registered: Iterable[str], *, native: bool) -> bool:
    """Whether an address is one of those registered (RFC 9700, 4.1.3).

    Args:
        uri: As it came.
        registered: As they were.
        native: Whether the port of a loopback address may be another one (RFC 8252, 7.3).
    """
    if uri in registered:
        return True
    asked = _without_port(uri) if native else None
    return asked is not None and any(_without_port(one) == asked for one in registered)


def _without_port(uri: str) -> str | None:
    found = _PORT.fullmatch(uri)
    return None if found is None or "#" in uri else found[1] + found[2]


def _host(netloc: str) -> str:
    return re.sub(r":\d*$", "", netloc).lower()


def _has_dots(path: str) -> bool:
    return any(part in (".", "..") for part in path.split("/"))
