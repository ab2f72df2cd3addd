"""Addresses of requests, so written that two of one meaning are one text (RFC 3986, 6.2.2 and 6.2.3).

Threat: a proof for one address that counts for another one, since two readers cut it differently (CWE-436), or that
does not count for its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

_PORTS: Final = {"https": 443, "http": 80}
_ENCODED: Final = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HOST: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\]")
_ALLOWED: Final = re.compile(r"[!-~]+")
_LONGEST: Final = 8 * 1024


def normal(url: str, *, dots: bool = True) -> str:
    """An address without query and fragment in its one form.

    Args:
        url: Absolute, http or https.
        dots: Whether ``.`` and ``..`` are taken out of the path.

    Raises:
        ValueError: It is no such address, has a user in it, or an escape that is none.
    """
    if len(url) > _LONGEST or not _ALLOWED.fullmatch(url) or "\\" in url:
        raise ValueError("no address")
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), _host(parts.netloc)
    if scheme not in _PORTS or not url[len(scheme) :].startswith("://"):
        raise ValueError("no address of http")
    port = parts.port
    where = host if port in (None, _PORTS[scheme]) else f"{host}:{port}"
    path = _ENCODED.sub(_shown, parts.path)
    return f"{scheme}://{where}{_without_dots(path) if dots else path or '/'}"


def target_uri(origin: str, scope: Mapping[str, Any]) -> str:
    """The address of a request as its client knows it.

    Args:
        origin: Scheme, host and port of this server, as it is configured: a ``Host`` header is the sender's to write.
        scope: Of ASGI, with what a proxy in front took off the path as ``root_path``.
    """
    raw = scope.get("raw_path")
    if isinstance(raw, bytes) and raw:
        path = raw.decode("latin-1").partition("?")[0]
    else:
        path = quote(scope["path"], safe="/:@!$&'()*+,;=~")
    prefix = str(scope.get("app_root_path", scope.get("root_path", ""))).rstrip("/")
    if prefix and path != prefix and not path.startswith(f"{prefix}/"):
        path = prefix + path
    return origin + path


def _host(netloc: str) -> str:
    """The host of an authority, in lower case.

    Raises:
        ValueError: There is none, or a user stands before it.
    """
    host, colon, port = netloc.rpartition(":")
    if not colon or "]" in port:
        host, port = netloc, "0"
    if not _HOST.fullmatch(host) or (port and not (port.isascii() and port.isdigit())):
        raise ValueError("no host")
    return host.lower()


def _shown(found: re.Match[str]) -> str:
    if found[1] is None:
        raise ValueError("an escape is none")
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _without_dots(path: str) -> str:
    """A path without ``.`` and ``..`` (RFC 3986, 5.2.4)."""
    found: list[str] = []
    segments = path.split("/")[1:] or [""]
    for segment in segments:
        if segment == "..":
            if found:
                found.pop()
        elif segment != ".":
            found.append(segment)
    if segments[-1] in (".", ".."):
        found.append("")
    return "/" + "/".join(found)
