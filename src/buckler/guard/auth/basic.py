"""HTTP Basic (RFC 7617): refused where anybody on the way could read it.

Threat: a password in every request, readable without TLS (CWE-319, CWE-522; ASVS 5.0 V12.2.1), a comparison that
tells by its time (CWE-208), a slow hash at every request (CWE-400).
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

from buckler.guard.auth.credentials import Credentials, Headers, Identity
from buckler.guard.auth.errors import CredentialError, PasswordError
from buckler.guard.auth.principal import Scheme
from buckler.guard.options import flag, positive
from buckler.guard.stores.interface import Users
from buckler.guard.stores.records import NEVER, User

MOST_REMEMBERED: Final = 1024
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

    def came(self, credentials: Credentials) -> bool:
        """Whether it came."""
        return credentials.kind == "basic"

    async def identify(self, credentials: Credentials) -> Identity:
        """Whose name it is."""
        if not (credentials.https or credentials.loopback or self._insecure):
            raise CredentialError("plain_http", "Basic came over plain http")
        name, password = _decoded(credentials.value)
        now = self._clock()
        seen = hmac.digest(self._key, f"{name}\0{password}".encode(), hashlib.sha256)
        known = self._known.get(seen)
        user: User | None = None
        if known is not None and known[2] > now:
            user = await self._users.get(known[0])
            if user is not None and (user.password != known[1] or user.disabled):
                user = None
        if user is None:
            user = await self._sign_in.sign_in(name, password, client=credentials.client)
            current = await self._users.get(user.id)  # its hash may just have been upgraded
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            kept = user.password if current is None else current.password
            self._known[seen] = (user.id, kept, now + self._remember)
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
