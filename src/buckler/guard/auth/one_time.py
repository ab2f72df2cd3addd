"""Tokens that count once, for one purpose, for a short time, and the links that carry them.

Threat: a reset or verification that can be guessed, used twice, used for something else, or read from the
database (CWE-640, CWE-330, CWE-613; ASVS 5.0 V6.4.1, V6.6.2), and a link that leads to a host which the request named
(CWE-644, "password reset poisoning").
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from buckler.guard.auth.errors import TokenError
from buckler.guard.options import GuardError, flag, positive
from buckler.guard.stores.interface import OneTimeTokens
from buckler.guard.stores.records import OneTimeToken

BYTES: Final = 32
LONGEST: Final = 7 * 86_400.0
"""Seconds that a token may count at most."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_PURPOSE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")


class OneTime:
    """Issues tokens and takes them; the store has their SHA-256 alone.

    256 bits of chance need no slow hash: there is nothing to guess.

    Args:
        store: Where they are kept.
        clock: Seconds since 1970.
    """

    __slots__ = ("_clock", "_store")

    def __init__(self, store: OneTimeTokens, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    async def issue(
        self, purpose: str, subject: str, *, ttl: float, data: Mapping[str, str] | None = None
    ) -> str:
        """A new token.

        Args:
            purpose: What alone it counts for, ``reset``.
            subject: Whom it is for.
            ttl: Seconds that it counts, a week at most.
            data: What its taker needs to know; no secret.

        Raises:
            GuardError: A purpose or time that is none.
        """
        if not _PURPOSE.fullmatch(purpose):
            raise GuardError(f"purpose: {purpose!r} is none", hint="a word such as 'reset'")
        if positive(ttl, "ttl") > LONGEST:
            raise GuardError("ttl: a token counts for a week at most", hint="write ttl=1800")
        token = secrets.token_urlsafe(BYTES)
        await self._store.add(
            OneTimeToken(
                digest=_digest(token),
                purpose=purpose,
                subject=subject,
                expires=self._clock() + ttl,
                data=dict(data or {}),
            )
        )
        return token

    async def take(self, token: str, purpose: str) -> OneTimeToken:
        """Use a token up.

        Raises:
            TokenError: ``form``: it cannot be one; ``unknown``: it never was, was used, has expired or is for
                something else, which the caller is told as one.
        """
        if not _TOKEN.fullmatch(token):
            raise TokenError("form", "what came is no one-time token")
        found = await self._store.take(_digest(token), purpose, self._clock())
        if found is None:
            raise TokenError("unknown", "the one-time token is unknown, used or expired")
        return found

    async def give_back(self, taken: OneTimeToken) -> None:
        """Let a token count again: what it was taken for was not done, e.g. since the new password was refused."""
        await self._store.add(taken)

    async def drop(self, purpose: str, subject: str) -> None:
        """Let all tokens of somebody for one purpose count no more."""
        await self._store.drop(purpose, subject)


class Links:
    """Links with a token, on one configured address: what a request says its host is never counts.

    The token stands in the fragment. That is not sent with the request, so it is in no log of a server or
    proxy and in no ``Referer``, and whoever only opens links, as scanners of mail do, does not use it up. The
    page reads it and posts it. ``in_query`` is for pages without script: let their form post the token (a GET
    must not take it), and send ``Referrer-Policy: no-referrer``, which guard's headers do.

    Args:
        base: ``https://shop.example``, with a path if need be; http for a loopback address alone.
        verify: Path of the page that confirms an address.
        reset: Path of the page that takes a new password.
        in_query: Put the token into the query.

    Raises:
        GuardError: The address or a path is none.
    """

    __slots__ = ("_base", "_mark", "_reset", "_verify")

    def __init__(
        self,
        base: str,
        *,
        verify: str = "/verify",
        reset: str = "/reset",
        in_query: bool = False,
    ) -> None:
        self._base = _base(base)
        self._verify = _path(verify, "verify")
        self._reset = _path(reset, "reset")
        self._mark = "?" if flag(in_query, "in_query") else "#"

    def verify(self, token: str) -> str:
        """The link that confirms an address."""
        return f"{self._base}{self._verify}{self._mark}token={token}"

    def reset(self, token: str) -> str:
        """The link that leads to a new password."""
        return f"{self._base}{self._reset}{self._mark}token={token}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _base(base: str) -> str:
    hint = "write base='https://shop.example'"
    if not isinstance(base, str):
        raise GuardError(f"base: {base!r} is no text", hint=hint)
    try:
        parts = urlsplit(base)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise GuardError(f"base: {base!r} is no address", hint=hint) from error
    odd = not base.isascii() or any(c <= " " or c in "\\\x7f" for c in base)
    if not host or odd or "@" in parts.netloc or parts.query or parts.fragment or "?" in base:
        raise GuardError(f"base: {base!r} is not the address of a site", hint=hint)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise GuardError("base: links with tokens go over https", hint=hint)
    path = parts.path.rstrip("/")
    if path:
        _path(path, "base")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _path(path: str, name: str) -> str:
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise GuardError(f"{name}: {path!r} is no path", hint=f"write {name}='/account/{name}'")
    return path


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
