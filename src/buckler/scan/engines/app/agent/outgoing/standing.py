"""Decides which requests go the real way, and answers the rest."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Optional, Tuple
from urllib.parse import urlsplit

from .. import state
from ..box.connections import Allowed, listens
from ..sinks import network
from . import credentials, reading, recorded, stack, told, values
from .shapes import Response

_PORTS = {"http": 80, "https": 443}
_NOWHERE = frozenset(("", "testserver"))
_LOCAL = frozenset(("localhost", "localhost.localdomain", "ip6-localhost"))
_allowed = Allowed([])
_text = {
    "html": (
        "text/html; charset=utf-8",
        "<!doctype html><html><head><title>sample</title></head><body><p>sample</p></body></html>",
    ),
    "xml": ("application/xml", '<?xml version="1.0"?><root><item>sample</item></root>'),
    "text": ("text/plain; charset=utf-8", "sample"),
    "number": ("text/plain; charset=utf-8", "1.5"),
}


@dataclass(frozen=True)
class Stand:
    """An answer in place of the real one.

    Attributes:
        status: HTTP status.
        headers: Names and values; the length is the door's to add.
        body: Neither compressed nor in chunks.
    """

    status: int
    headers: Tuple[Tuple[str, str], ...]
    body: bytes


def allow(box: Dict[str, Any]) -> None:
    """Take over what ``--allow`` names."""
    global _allowed
    _allowed = Allowed(list(box.get("allow") or ()))


def answer(method: str, url: str, proxy: str, sent: Iterable[Any]) -> Optional[Stand]:
    """The answer for a request that is about to leave, or None where it goes the real way.

    Args:
        method: HTTP method.
        url: Where the client will connect to, in full.
        proxy: The proxy that it would go through, or an empty text.
        sent: Values of headers and the body, where it is there already.
    """
    place = _place(url)
    if place is None or _real(*place[1:]) or credentials.inside((url, *sent)):
        return None
    if proxy:
        through = _place(proxy)
        if through is None or _attacks(through[1]) or _allowed.address(through[1], through[2]):
            return None
    scheme, host, port = place
    parts = urlsplit(url)
    frames = stack.frames()
    where = stack.where(frames)
    shown = f"[{host}]" if ":" in host else host
    origin = f"{scheme}://{shown}" + ("" if port == _PORTS[scheme] else f":{port}")
    method = method.upper()
    found = recorded.find(method, host, parts.path or "/", parts.query)
    if found is not None:
        told.note(method, origin, parts.path, "recorded", where, "")
        return Stand(*found)
    read = reading.read(frames)
    try:
        stand, why = made(read.response, read.frames), read.why
    except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        # A schema of the application's own making, with bounds that nothing fits.
        stand, why = made(Response(), []), f"no value fits: {type(error).__name__}: {error}"
    told.note(method, origin, parts.path, "made", where, why)
    return stand


def made(response: Response, frames: List[Any]) -> Stand:
    """An answer with what was read of it."""
    headers: List[Tuple[str, str]] = [
        (name, _sendable(values.of(shape, frames, name)))
        for name, shape in response.headers.fields.items()
        if name.lower() not in ("content-type", "content-length", "transfer-encoding")
        and name.isascii()
        and name.replace("-", "").isalnum()
    ]
    if response.body.kind == "" and not response.json:
        kind = response.raw or ("text" if response.plain else "")
        if kind:
            content, text = _text[kind]
            return Stand(
                response.status, (("content-type", content), *headers), text.encode("utf-8")
            )
    body = json.dumps(values.of(response.body, frames, "", top=True)).encode("utf-8")
    return Stand(response.status, (("content-type", "application/json"), *headers), body)


def _sendable(value: Any) -> str:
    """The text of a header; what was compared with an input may hold anything."""
    text = str(value)
    return text if text.isascii() and text.isprintable() else "sample"


def _place(url: str) -> Optional[Tuple[str, str, int]]:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    return (scheme, host, port or _PORTS[scheme]) if scheme in _PORTS else None


def _attacks(host: str) -> bool:
    """Whether the attack chose the host; a canary elsewhere in the address does not lead there."""
    return state.carries(host) or network.canary_of(host) is not None


def _real(host: str, port: int) -> bool:
    if host in _NOWHERE or _attacks(host) or _allowed.address(host, port):
        return True
    if not (host in _LOCAL or _loopback(host)):
        # A number in another notation may be the attack's address or loopback as well.
        return (host.replace(".", "").isdigit() and not _dotted(host)) or host.startswith("0x")
    return listens(port)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _dotted(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
