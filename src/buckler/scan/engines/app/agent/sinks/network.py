"""Outgoing connections: CWE-918.

A canary host gets an address of its own in 127.64.0.0/10, so an application that looks the
name up first and refuses private addresses is seen to refuse it: only a connection counts,
not a look-up. Nothing leaves: the connection is refused at the socket.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
from types import ModuleType
from typing import Any, Callable, Dict, Optional, Tuple

from .. import state
from ..box import audit
from ..imports import when_imported

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_hosts: Dict[str, str] = {}
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


def install() -> None:
    """Answer look-ups of canary hosts and watch connections."""
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        setattr(socket, name, _lookup(getattr(socket, name), name))
    for name in ("httpx", "httpx2"):
        when_imported(name, _httpx)
    when_imported("aiohttp.client", _aiohttp)
    audit.on("socket.connect", lambda args: _connected("socket.connect", args))
    audit.on("socket.sendto", lambda args: _connected("socket.sendto", args))


def _httpx(module: ModuleType) -> None:
    """Asynchronous clients connect in a task of their own; the caller's lines are kept here."""
    for owner, name in (("Client", "build_request"), ("AsyncClient", "build_request")):
        cls = getattr(module, owner, None)
        if cls is not None:
            setattr(cls, name, _remembering(getattr(cls, name)))


def _aiohttp(module: ModuleType) -> None:
    session: Any = module.ClientSession
    session._request = _remembering(session._request)


def _remembering(real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def watched(self: Any, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        state.remember(str(url))
        return real(self, method, url, *args, **kwargs)

    return watched


def address_of(number: int) -> str:
    """The address that stands for a canary; the parent computes the same."""
    return f"127.{64 + (number >> 16 & 63)}.{number >> 8 & 255}.{number & 255}"


def canary_of(address: str) -> Optional[str]:
    """The canary that an address stands for, or None."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return None
        parsed = parsed.ipv4_mapped
    first, second, third, fourth = parsed.packed
    if first != 127 or second < 64 or second > 127:
        return None
    number = (second - 64) << 16 | third << 8 | fourth
    text = ""
    for _ in range(4):
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return state.prefix + text


def _number(host: str) -> int:
    at = host.lower().find(state.prefix) + len(state.prefix)
    return int(host[at : at + 4], 36)


def _lookup(real: Callable[..., Any], name: str) -> Callable[..., Any]:
    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        text = state.text_of(host) if host else ""
        if text and state.carries(text):
            state.hit("dns", f"socket.{name}", text)
            try:
                address = address_of(_number(text))
            except ValueError:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
            _hosts[address] = text
            host = address
        return real(host, *args, **kwargs)

    look_up.__name__ = name
    return look_up


def _connected(call: str, args: Tuple[Any, ...]) -> None:
    sock, address = args
    if getattr(sock, "family", None) not in _FAMILIES or not isinstance(address, tuple):
        return
    host = state.text_of(address[0])
    canary = canary_of(host)
    shown = _hosts.get(host) or (f"{canary} ({host})" if canary else host)
    if state.hit("connect", call, shown, port=address[1] if len(address) > 1 else None):
        raise ConnectionRefusedError(111, "Buckler stopped this connection")
