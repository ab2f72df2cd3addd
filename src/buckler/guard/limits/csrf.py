"""Requests that another site made the browser send (CWE-352; ASVS 5.0 V3.5.1).

Threat: a form or a script elsewhere that acts with the visitor's cookies. Browsers say where a request
comes from (Fetch Metadata, ``Sec-Fetch-Site``; ``Origin`` in older ones). What carries neither comes from
no browser, or from one so old that only a token in the form helps: :class:`FormToken`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from buckler.guard.audit.events import EventKind
from buckler.guard.inbound import Inbound
from buckler.guard.limits.cors import Cors, is_plain, origin
from buckler.guard.options import GuardError, Weakness, texts
from buckler.guard.refusal import Refusal

SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
"""Methods that change nothing (RFC 9110, 9.2.1)."""
REFUSED: Final = Refusal(
    403, "This request came from another site", EventKind.ORIGIN_REFUSED, "csrf"
)
MANY: Final = 20
"""Trusted origins that nobody keeps an eye on any more."""
_SIMPLE = (b"application/x-www-form-urlencoded", b"multipart/form-data", b"text/plain")
_AMBIENT = (b"basic", b"digest", b"negotiate", b"ntlm")
OWN: Final = (b"same-origin", b"none")
"""What ``Sec-Fetch-Site`` says of a page of this site, and of who typed the address."""


class Csrf:
    """A check of unsafe methods that carry what a browser adds by itself.

    That is a cookie, a Basic, Digest or Negotiate sign-in, or a body
    that a plain form can send. A request with a bearer token and JSON is not judged: no other site's
    form can make one.

    Args:
        trusted: Origins whose pages may do so.

    Raises:
        GuardError: An origin is none.
    """

    __slots__ = ("_cors", "_trusted")

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        listed = texts(trusted, "trusted", "https://app.example.com")
        self._trusted = frozenset(origin(one) for one in listed)
        self._cors: Cors | None = None

    def beside(self, cors: Cors | None) -> Csrf:
        """The same, that also trusts the origins which may act with credentials, listed or by pattern."""
        if cors is None or not cors.credentials:
            return self
        both = Csrf()
        both._trusted, both._cors = self._trusted, cors
        return both

    def weaknesses(self) -> Iterator[Weakness]:
        """What of it is weaker than to trust nobody."""
        plain = sorted(one.decode() for one in self._trusted if is_plain(one))
        if plain:
            yield (
                "csrf_plain",
                f"{plain[0]} may act for visitors, and anybody on its way may change it; use https",
            )
        if len(self._trusted) > MANY:
            yield (
                "csrf_trusted",
                f"{len(self._trusted)} origins may act for visitors; trust those alone that have to",
            )

    def check(self, inbound: Inbound) -> Refusal | None:
        """Whether the request may go on."""
        if inbound.scope["method"] in SAFE:
            return None
        headers = inbound.headers
        site, asked = headers.get(b"sec-fetch-site"), headers.get(b"origin")
        if (site is None and asked is None) or not _is_ambient(headers):
            return None
        if asked is not None and self._trusts(asked):
            return None
        if site is not None:
            return None if site in OWN else REFUSED
        return None if asked is not None and same_origin(inbound, asked) else REFUSED

    def _trusts(self, asked: bytes) -> bool:
        return asked in self._trusted or (self._cors is not None and self._cors.allows(asked))


def _is_ambient(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser would have sent it for a page of anybody's."""
    if b"cookie" in headers:
        return True
    scheme = headers.get(b"authorization", b"").partition(b" ")[0].lower()
    if scheme:
        return scheme in _AMBIENT
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind in _SIMPLE or not kind


def same_origin(inbound: Inbound, asked: bytes) -> bool:
    """Whether an ``Origin`` is this site's own: scheme and host as the request came in."""
    host = inbound.headers.get(b"host", b"").lower()
    scheme = b"https" if inbound.https else b"http"
    default = b":443" if inbound.https else b":80"
    return asked.lower().removesuffix(default) == scheme + b"://" + host.removesuffix(default)


class FormToken:
    """A token for a form, bound to the visitor's session; nothing is stored.

    Args:
        secret: At least 32 bytes.
        lifetime: Seconds that a form may lie open.

    Raises:
        GuardError: The secret is too short.
    """

    __slots__ = ("_key", "_lifetime")

    def __init__(self, secret: str | bytes, *, lifetime: int = 7200) -> None:
        key = secret.encode() if isinstance(secret, str) else secret
        if len(key) < 32:
            raise GuardError(
                "a form's secret has 32 bytes at least", hint="secrets.token_urlsafe(48)"
            )
        self._key = hmac.digest(key, b"buckler form token", "sha256")
        self._lifetime = lifetime

    def issue(self, session: str) -> str:
        """A token for one visitor, another one at each call (against BREACH).

        Args:
            session: What the visitor's browser holds and nobody else knows: the session's id.
        """
        body = int(time.time()).to_bytes(6, "big") + secrets.token_bytes(8)
        return base64.urlsafe_b64encode(body + self._sign(body, session)).decode().rstrip("=")

    def verify(self, token: str, session: str) -> bool:
        """Whether a token was issued to this visitor and is not too old."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return False
        body, signature = raw[:14], raw[14:]
        if not hmac.compare_digest(signature, self._sign(body, session)):
            return False
        return 0 <= time.time() - int.from_bytes(body[:6], "big") <= self._lifetime

    def _sign(self, body: bytes, session: str) -> bytes:
        return hmac.digest(self._key, body + session.encode(), hashlib.sha256)
