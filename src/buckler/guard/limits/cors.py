"""Cross-origin requests (Fetch standard, 3.2; CWE-942; ASVS 5.0 V3.4.2, V3.5.3).

Threat: an answer for one person that any site may read. An origin is compared with a list, or with one
regular expression that has to match all of it; ``*`` and credentials do not go together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from buckler.guard.audit.events import EventKind
from buckler.guard.inbound import Inbound
from buckler.guard.limits.memory import MemoryCounter
from buckler.guard.limits.rate import Rate
from buckler.guard.options import GuardError, Weakness, count, flag, header_value, texts
from buckler.guard.refusal import Refusal

_ORIGIN = re.compile(r"https?://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?")
_PROBES = ("https://evil.example", "https://evil.example.evil.example", "http://evil", "null")
REFUSED: Final = Refusal(403, "This origin may not ask", EventKind.ORIGIN_REFUSED, "cors_preflight")
_QUIET: Final = replace(REFUSED, reason="")
TOLD: Final = "30/minute"
"""Refused preflights that are told, whoever sends them: no rate comes before they are answered."""
MANY_METHODS: Final = 10
MANY_HEADERS: Final = 20
_TRACING = frozenset(("TRACE", "TRACK", "CONNECT"))
_STEERING = ("x-forwarded-", "forwarded", "x-real-ip", "x-original-", "x-rewrite-", "x-http-method")
"""Beginnings of headers that steer what stands behind; no script of another site needs them."""
_VARY = (b"vary", b"Origin")


def origin(text: str) -> bytes:
    """An origin as browsers send it.

    Raises:
        GuardError: It has a path, no scheme, or is ``null``, which sandboxed pages of anybody send.
    """
    lower = text.lower()
    if not _ORIGIN.fullmatch(lower):
        raise GuardError(
            f"{text!r} is no origin", hint="scheme and host without path: https://app.example.com"
        )
    return re.sub(r"^(http://[^/]*):80$|^(https://[^/]*):443$", r"\1\2", lower).encode()


class Cors:
    """Who may read answers from another origin.

    Args:
        origins: Origins, or ``*`` for an interface that knows no user.
        pattern: A regular expression for more of them; it must match the whole origin.
        methods: Beside GET, HEAD and POST.
        headers: Request headers beside the safelisted ones.
        expose: Response headers that scripts may read.
        credentials: Whether cookies and sign-ins go along; never with ``*``.
        max_age: Seconds that a browser keeps the answer to a preflight.

    Raises:
        GuardError: An origin is none, ``*`` stands with credentials, or the pattern matches anybody.
    """

    __slots__ = (
        *("_any", "_exposed", "_headers", "_methods", "_pattern", "_preflight", "_told", "_untold"),
        *("credentials", "more", "origins"),
    )

    def __init__(
        self,
        origins: Iterable[str] = (),
        *,
        pattern: str = "",
        methods: Iterable[str] = ("GET", "POST", "PUT", "PATCH", "DELETE"),
        headers: Iterable[str] = ("Authorization", "Content-Type"),
        expose: Iterable[str] = (),
        credentials: bool = False,
        max_age: int = 600,
    ) -> None:
        chosen = list(texts(origins, "origins", "https://app.example.com"))
        flag(credentials, "credentials")
        count(max_age, "max_age")
        self._any = "*" in chosen
        self.credentials = credentials
        if self._any and (credentials or len(chosen) > 1 or pattern):
            raise GuardError(
                "origins=['*'] stands alone and without credentials",
                hint="name the origins that may read answers for signed-in users",
            )
        self.origins = frozenset(origin(o) for o in chosen if o != "*")
        self._pattern = _compiled(pattern) if pattern else None
        listed = {
            "methods": list(texts(methods, "methods", "GET")),
            "headers": list(texts(headers, "headers", "Content-Type")),
            "expose": list(texts(expose, "expose", "X-Total")),
        }
        for name, values in listed.items():
            if "*" in values:
                raise GuardError(
                    f"{name}: * gives away more than you know",
                    hint=f"name them: {name}=['{'GET' if name == 'methods' else 'X-Total'}']",
                )
            for value in values:
                header_value(value, name)
        self._methods, self._headers = listed["methods"], listed["headers"]
        self._preflight = (
            (b"access-control-allow-methods", ", ".join(listed["methods"]).encode()),
            (b"access-control-allow-headers", ", ".join(listed["headers"]).encode()),
            (b"access-control-max-age", str(max_age).encode()),
        )
        said = [(b"access-control-allow-credentials", b"true")] if credentials else []
        if listed["expose"]:
            said.append((b"access-control-expose-headers", ", ".join(listed["expose"]).encode()))
        self._exposed = tuple(said)
        self._told = MemoryCounter(Rate.of(TOLD))
        self._untold = 0
        self.more: tuple[tuple[bytes, bytes], ...] = () if self._any else (_VARY,)
        """What every answer says, to whomever: a cache must not give one origin's to another."""

    def weaknesses(self) -> Iterator[Weakness]:
        """What of it is weaker than a list of origins and what they need."""
        if self._any:
            yield "cors_everybody", "every site may read answers; name the origins that need it"
        plain = sorted(one.decode() for one in self.origins if is_plain(one))
        if self.credentials and plain:
            yield (
                "cors_plain",
                f"{plain[0]} acts with credentials, and anybody on its way may change it; use https",
            )
        if len(self._methods) > MANY_METHODS or not _TRACING.isdisjoint(
            method.upper() for method in self._methods
        ):
            yield (
                "cors_methods",
                "other sites may use methods that no interface needs; name those that it has",
            )
        if len(self._headers) > MANY_HEADERS or any(
            header.lower().startswith(_STEERING) for header in self._headers
        ):
            yield (
                "cors_headers",
                "other sites may send headers that proxies believe, or any number; name the few needed",
            )

    def allows(self, asked: bytes) -> bool:
        """Whether an origin may read answers."""
        if self._any or asked in self.origins:
            return True
        pattern = self._pattern
        return pattern is not None and pattern.fullmatch(asked.decode("latin-1")) is not None

    def check(self, inbound: Inbound) -> Refusal | None:
        """Give the answer what the caller's origin gets; a preflight is answered here."""
        asked = inbound.headers.get(b"origin")
        if asked is None:
            return None
        preflight = (
            inbound.scope["method"] == "OPTIONS"
            and b"access-control-request-method" in inbound.headers
        )
        if not self.allows(asked):
            return self._refused(inbound) if preflight else None
        allowed = (b"access-control-allow-origin", b"*" if self._any else asked)
        inbound.more += (allowed, *self._exposed)
        if preflight:
            return Refusal(204, "", EventKind.ORIGIN_REFUSED, "", self._preflight)
        return None

    def _refused(self, inbound: Inbound) -> Refusal:
        """The refusal of a preflight: one that is told, with the number of those that were not, or a quiet one."""
        if self._told.take("", inbound.arrived) < 0:
            self._untold += 1
            return _QUIET
        left, self._untold = self._untold, 0
        return replace(REFUSED, detail={"untold": left}) if left else REFUSED


def is_plain(one: bytes) -> bool:
    """Whether an origin goes over plain http to another machine."""
    host = one.removeprefix(b"http://")
    return host != one and re.match(rb"(?:localhost|127\.|\[::1\])", host) is None


def _compiled(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise GuardError(f"pattern: {error}") from error
    # A dot that is not escaped stands for any letter: "shop.example" is "shopxexample", too.
    loose = "." in re.sub(r"\\.|\[[^\]]*\]", "", text)
    if loose or any(pattern.fullmatch(probe) for probe in _PROBES):
        raise GuardError(
            f"pattern {text!r} matches anybody", hint="escape dots, and name the domain"
        )
    return pattern
