"""The keys of another issuer, fetched from its address and kept as long as they may be.

Threat: an address that leads inside (CWE-918: the call goes through egress), keys of one who sits between (CWE-319:
https alone), a caller who makes every token with an unknown ``kid`` a call to the issuer (CWE-400), and an issuer
whose failure signs everybody out, or whose withdrawn key counts for ever (CWE-324).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.audit.teller import Teller
from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt.algorithms import algorithm, joserfc
from buckler.guard.auth.jwt.jwks_document import MAX_BYTES, Published, read_jwks
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.mail import behind
from buckler.guard.egress.authorities import Authorities
from buckler.guard.egress.policy import EgressPolicy
from buckler.guard.options import GuardError, check_clock, check_listener, instance, positive

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_UNSTATED: Final = 600.0
_AGAIN: Final = 5.0
"""Seconds between two attempts where there is no key at all."""


class Fetches(Protocol):
    """A client of httpx2 or httpx, or whatever else gets an address."""

    async def get(self, url: str, *, headers: Any = None) -> Any:
        """An answer with ``status_code``, ``headers`` and ``content``."""


class RemoteKeys:
    """Keys that are fetched when they are first needed, when they are old, and when a name is unknown.

    All callers share one fetch; after it no other is made for ``quiet`` seconds, whatever names come.

    Args:
        url: Of the JWK set; https, or http on this machine.
        client: Fetches it; else one of egress for each fetch.
        egress: Which addresses may be called, for an issuer inside; else public ones.
        alg: Of RSA keys that state none; else RS256.
        min_age: Seconds for which a set counts as new, whatever the issuer says.
        max_age: The same, at most.
        stale: Seconds for which it counts further where the issuer cannot be reached.
        quiet: Seconds between two fetches.
        timeout: Seconds that a caller waits for one.
        events: Told of an issuer that cannot be reached, and of keys that are left out.
        clock: Gives seconds since 1970.

    Attributes:
        version: Another one as soon as a key came or went.

    Raises:
        GuardError: An option is none.
    """

    __slots__ = (
        "_alg",
        "_attempted",
        "_authorities",
        "_client",
        "_clock",
        "_egress",
        "_fresh",
        "_good",
        "_keys",
        "_max_age",
        "_min_age",
        "_quiet",
        "_stale",
        "_tell",
        "_timeout",
        "_under_way",
        "_url",
        "version",
    )

    def __init__(
        self,
        url: str,
        *,
        client: Fetches | None = None,
        egress: EgressPolicy | None = None,
        alg: str | None = None,
        min_age: float = 60.0,
        max_age: float = 3_600.0,
        stale: float = 3_600.0,
        quiet: float = 30.0,
        timeout: float = 5.0,
        events: Listener | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        joserfc()
        self._url = _address(url)
        if client is not None and not callable(getattr(client, "get", None)):
            raise GuardError(
                "client has no get(...)", hint="leave it out, or client=httpx.AsyncClient()"
            )
        instance(egress, "egress", EgressPolicy)
        check_listener(events)
        self._authorities = Authorities()
        self._client = client
        self._egress = egress or EgressPolicy(
            ports=(urlsplit(self._url).port or 443,),
            schemes=("https",),
            max_bytes=MAX_BYTES,
            timeout=timeout,
            max_redirects=2,
        )
        self._alg = None if alg is None else algorithm(alg).name
        self._min_age = positive(min_age, "min_age")
        self._max_age = positive(max_age, "max_age")
        if self._max_age < self._min_age:
            raise GuardError("max_age is shorter than min_age", hint="write max_age=3600")
        self._stale = positive(stale, "stale")
        self._quiet = positive(quiet, "quiet")
        self._timeout = positive(timeout, "timeout")
        self._tell = None if events is None else Teller(events)
        check_clock(clock)
        self._clock = clock
        self._keys: dict[str, SigningKey] = {}
        self._attempted = self._fresh = self._good = 0.0
        self._under_way: Any = None
        self.version = 0

    def find(self, kid: str | None, alg: str) -> tuple[SigningKey, float] | None:
        """The one key that may have signed, among those at hand; see
        :meth:`~buckler.guard.auth.jwt.keys.Keys.find`.
        """
        if self._clock() >= self._good:
            return None
        if kid is None:
            fitting = [key for key in self._keys.values() if key.alg == alg]
            return (fitting[0], self._good) if len(fitting) == 1 else None
        key = self._keys.get(kid)
        return None if key is None else (key, self._good)

    async def ready(self) -> None:
        """Have keys at hand, and new ones where those are old; waits only for the first or for its own fetch.

        Raises:
            TokenError: ``keys``: there are none, and the issuer cannot be reached.
        """
        now = self._clock()
        if now < self._fresh:
            return
        if now < self._good and self._under_way is not None:
            return
        await self.refresh()
        if self._clock() >= self._good:
            raise TokenError("keys", "the keys of the issuer cannot be fetched")

    async def refresh(self) -> bool:
        """Fetch the set, unless that was done a moment ago; whether a key came or went."""
        import anyio

        before = self.version
        under_way = self._under_way
        if under_way is None:
            now = self._clock()
            pause = self._quiet if now < self._good else min(self._quiet, _AGAIN)
            if self._attempted <= now < self._attempted + pause:
                return False
            self._attempted = now
            under_way = self._under_way = anyio.Event()
            # Not in the request that asks: it may be given up, and the others would have neither keys nor another try.
            behind(self._fetch_for_all, under_way)
        with anyio.move_on_after(self._timeout):
            await under_way.wait()
        return self.version != before

    async def _fetch_for_all(self, done: Any) -> None:
        try:
            await self._fetch()
        finally:
            self._under_way = None
            done.set()

    async def _fetch(self) -> None:
        """Fetch and take the set, or tell that it could not be."""
        import anyio

        try:
            with anyio.fail_after(self._timeout):
                answer = await self._get()
            published = self._read(answer)
        except Exception as error:  # noqa: BLE001 - clients differ in what they raise; told, and old keys stay
            self._say("jwks_unavailable", f"keys could not be fetched: {type(error).__name__}")
            return
        self._take(published, answer.headers.get("cache-control", ""))

    async def _get(self) -> Any:
        headers = {"accept": "application/jwk-set+json, application/json"}
        if self._client is not None:
            return await self._client.get(self._url, headers=headers)
        from buckler.guard.egress import async_safe_client

        trusted = await self._authorities.context()
        async with async_safe_client(self._egress, ssl_context=trusted) as client:
            return await client.get(self._url, headers=headers)

    def _read(self, answer: Any) -> Published:
        if answer.status_code != 200:
            raise ValueError("the answer is no key set")
        published = read_jwks(answer.content, alg=self._alg)
        if not published.keys:
            raise ValueError("no key of the set can be used")
        return published

    def _take(self, published: Published, cache_control: str) -> None:
        now = self._clock()
        found = _MAX_AGE.search(cache_control.lower())
        stated = float(found[1]) if found is not None else _UNSTATED
        self._fresh = now + min(max(stated, self._min_age), self._max_age)
        self._good = self._fresh + self._stale
        old = {key.kid: key.public_jwk() for key in self._keys.values()}
        new = {key.kid: key.public_jwk() for key in published.keys.values()}
        if old != new:
            self._keys = published.keys
            self.version += 1
            if published.left_out:
                self._say("jwks_left_out", f"{published.left_out} keys of the issuer are not taken")

    def _say(self, reason: str, message: str) -> None:
        if self._tell is not None:
            self._tell(
                SecurityEvent(
                    kind=EventKind.CONFIGURATION, reason=reason, message=message, time=self._clock()
                )
            )


def _address(url: object) -> str:
    """The address itself.

    Raises:
        GuardError: It is none, or not https.
    """
    hint = "write url='https://issuer.example/.well-known/jwks.json'"
    if not isinstance(url, str):
        raise GuardError("url is a text", hint=hint)
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise GuardError("url is no address", hint=hint) from error
    if not host or (parts.scheme != "https" and (parts.scheme, host) not in _local()):
        raise GuardError("keys are fetched over https", hint=hint)
    return url


def _local() -> set[tuple[str, str]]:
    return {("http", host) for host in _LOOPBACK}
