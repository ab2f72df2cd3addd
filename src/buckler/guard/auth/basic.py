"""HTTP Basic (RFC 7617): refused where anybody on the way could read it.

Threat: a password in every request, readable without TLS (CWE-319, CWE-522; ASVS 5.0 V12.2.1), a comparison that
tells by its time (CWE-208), a slow hash at every request (CWE-400), and the many requests that a program sends at
once, each counted as a guess until its hash is done, so that the right password locks its owner out (CWE-645).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from buckler.core.errors import BucklerError
from buckler.guard.auth.credentials import Credentials, Headers, Identity
from buckler.guard.auth.errors import CredentialError, PasswordError
from buckler.guard.auth.principal import Scheme
from buckler.guard.options import flag, positive
from buckler.guard.stores.interface import Users
from buckler.guard.stores.records import NEVER, User

MOST_REMEMBERED: Final = 10_000
"""Pairs that were right; the one that was hashed longest ago goes first."""
SecondFactors = Callable[[str], Awaitable[frozenset[str]]]


async def _none(user_id: str) -> frozenset[str]:
    del user_id
    return frozenset()


class SignIn(Protocol):
    """What checks a name and a password: ``PasswordSignIn``."""

    async def sign_in(
        self, name: str, password: str, *, client: str = "", device: str = ""
    ) -> User:
        """The account.

        Raises:
            PasswordError: They do not belong together, or may not be tried now.
        """


class BasicAuthenticator:
    """Name and password in ``Authorization``.

    Args:
        sign_in: Checks them, with lockout and upgrade of old hashes.
        users: Of the accounts.
        second_factors: Tells those of an account. Who has one does not come in by the password alone, which is
            all that Basic can show: an API key is for their programs.
        verified_only: Whether the account's address must be verified, as at sign-in.
        insecure: Whether plain http is good enough; loopback always is.
        remember: Seconds that a pair which was right is not hashed again while the account's password stays
            the same; it is kept as a MAC under a key of this process.
        clock: Seconds since 1970.

    Raises:
        GuardError: An option is wrong.
    """

    scheme: Scheme = "basic"
    challenge = "Basic"

    def __init__(
        self,
        sign_in: SignIn,
        users: Users,
        *,
        second_factors: SecondFactors = _none,
        verified_only: bool = False,
        insecure: bool = False,
        remember: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sign_in = sign_in
        self._users = users
        self._second_factors = second_factors
        self._verified_only = flag(verified_only, "verified_only")
        self._insecure = flag(insecure, "insecure")
        self._remember = positive(remember, "remember")
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, tuple[str, str | None, float]] = {}
        self._under_way: dict[bytes, _Check] = {}

    def came(self, credentials: Credentials) -> bool:
        """Whether it came."""
        return credentials.kind == "basic"

    async def identify(self, credentials: Credentials) -> Identity:
        """Whose name it is."""
        if not (credentials.https or credentials.loopback or self._insecure):
            raise CredentialError("plain_http", "Basic came over plain http")
        name, password = _decoded(credentials.value)
        now = self._clock()
        user = await self._checked(name, password, credentials.client)
        if self._verified_only and not user.verified:
            raise PasswordError("unverified", "the account's address is not verified")
        if await self._second_factors(user.id):
            raise PasswordError("second_factor", "the account has a second factor")
        return Identity(
            user_id=user.id,
            scheme=self.scheme,
            issued=NEVER,  # the password itself came with the request
            factors=frozenset({"password"}),
            authenticated=now,
        )

    async def settle(
        self, credentials: Credentials, identity: Identity, roles: frozenset[str]
    ) -> Headers:
        """Nothing: the credential stays as it is."""
        return ()

    def declared(self) -> Any:
        """For OpenAPI."""
        from fastapi.openapi.models import HTTPBase

        return HTTPBase(scheme="basic")

    async def _checked(self, name: str, password: str, client: str) -> User:
        """Whose the pair is. Of many that come with it at once one is checked, and counted as one guess."""
        seen = hmac.digest(self._key, f"{name}\0{password}".encode(), hashlib.sha256)
        while True:
            user = await self._remembered(seen)
            if user is not None:
                return user
            other = self._under_way.get(seen)
            if other is None:
                break
            await other.done.wait()
            # What another address is refused may be its own affair.
            if other.refused is not None and other.client == client:
                raise other.refused
        self._under_way[seen] = check = _Check(client)
        try:
            user = await self._sign_in.sign_in(name, password, client=client)
            current = await self._users.get(user.id)  # its hash may just have been upgraded
            self._remind(seen, user.id, user.password if current is None else current.password)
        except BucklerError as error:
            check.refused = error
            raise
        else:
            return user
        finally:
            # Also where this request was cancelled: the next of those that wait is checked then.
            del self._under_way[seen]
            check.done.set()

    async def _remembered(self, seen: bytes) -> User | None:
        """The account of a pair that was right a moment ago, if it still stands so."""
        known = self._known.get(seen)
        if known is None or known[2] <= self._clock():
            return None
        user = await self._users.get(known[0])
        return None if user is None or user.password != known[1] or user.disabled else user

    def _remind(self, seen: bytes, user_id: str, stored: str | None) -> None:
        self._known.pop(seen, None)
        if len(self._known) >= MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[seen] = (user_id, stored, self._clock() + self._remember)


class _Check:
    """One that is under way, for whom, and what it was refused with."""

    __slots__ = ("client", "done", "refused")

    def __init__(self, client: str) -> None:
        import anyio

        self.client = client
        self.done = anyio.Event()
        self.refused: BucklerError | None = None


def _decoded(value: str) -> tuple[str, str]:
    """Name and password (RFC 7617, 2).

    Raises:
        CredentialError: It is not base64 of UTF-8 with a colon, or holds a control character.
    """
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as wrong:
        raise CredentialError("malformed", "Basic is malformed") from wrong
    name, colon, password = text.partition(":")
    if not colon or any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise CredentialError("malformed", "Basic is malformed")
    return name, password
