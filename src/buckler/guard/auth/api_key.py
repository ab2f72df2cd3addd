"""API keys: shown once, kept as a digest, with scopes and an end; in a header alone.

Threat: keys that stand in the database as they are (CWE-256), in addresses and so in logs (CWE-598), that may
do everything (CWE-250) and never end (CWE-613). A key has a prefix and a checksum, so that scanners of
repositories find it and a mistyped one costs no look into the database.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from buckler.guard.access.permissions import pattern
from buckler.guard.auth.credentials import Credentials, Headers, Identity
from buckler.guard.auth.errors import CredentialError
from buckler.guard.auth.principal import Scheme
from buckler.guard.options import GuardError, count, positive, texts
from buckler.guard.stores.interface import ApiKeys
from buckler.guard.stores.records import NEVER, ApiKey

DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM: Final = 43
"""Characters of 62 that are random: 256 bits."""
CHECKSUM: Final = 6
"""Characters of the CRC-32 of what stands before them."""
HINT: Final = 4
LONGEST_NAME: Final = 100
USED_EVERY: Final = 60.0
"""Seconds: a key's last use is written no more often."""
_PREFIX: Final = re.compile(r"[a-z][a-z0-9]{1,15}")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Issued:
    """A key just made.

    Attributes:
        key: To be shown to its owner now, and never again.
        record: What is kept.
    """

    key: str = field(repr=False)
    record: ApiKey


def base62(number: int, length: int) -> str:
    """A number in 62 digits, with zeros in front."""
    found = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        found = DIGITS[digit] + found
    return found


def checksum(text: str) -> str:
    """The last characters of a key, from those before."""
    return base62(zlib.crc32(text.encode("ascii")), CHECKSUM)


def digest(key: str) -> str:
    """What is kept of a key: 256 random bits need no slow hash (ASVS 5.0 V11.4.1)."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()


class ApiKeyService:
    """Makes, checks and ends keys.

    Args:
        store: Of the keys.
        prefix: What every key begins with: 2 to 16 lower-case letters and digits, e.g. ``shop``.
        most: Keys that one account may have.
        lifetime: Seconds until a key ends where nothing else is said; None for never.
        clock: Seconds since 1970.

    Raises:
        GuardError: An option is wrong.
    """

    def __init__(
        self,
        store: ApiKeys,
        *,
        prefix: str = "bk",
        most: int = 20,
        lifetime: float | None = 365 * 86400.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
            raise GuardError(
                f"prefix: {prefix!r} is none",
                hint="2 to 16 lower-case letters and digits, e.g. prefix='shop'",
            )
        if lifetime is not None:
            positive(lifetime, "lifetime")
        self._store = store
        self._most = count(most, "most")
        self._lifetime = lifetime
        self._clock = clock
        self.prefix = prefix
        self._form = re.compile(rf"{prefix}_[0-9A-Za-z]{{{RANDOM + CHECKSUM}}}")

    def is_one(self, text: str) -> bool:
        """Whether a text has the form of a key, its checksum included."""
        if not self._form.fullmatch(text):
            return False
        return checksum(text[:-CHECKSUM]) == text[-CHECKSUM:]

    async def issue(
        self,
        user_id: str,
        name: str,
        *,
        scopes: Iterable[str] | None = None,
        lifetime: float | None = None,
        instead_of: str = "",
    ) -> Issued:
        """Make a key.

        Args:
            user_id: Whose it will be.
            name: That its owner knows it by; cut to 100 characters.
            scopes: Permissions and patterns that it may use at most; None for all that its owner may.
            lifetime: Seconds, if it shall end earlier than usual.
            instead_of: Id of one that will end soon, and is not counted among those that there may be.

        Raises:
            GuardError: A scope is no permission, or the lifetime no number above zero.
            CredentialError: The account has as many as it may (``too_many``).
        """
        wanted = None if scopes is None else frozenset(texts(scopes, "scopes", "orders:read"))
        for one in wanted or ():
            pattern(one, "scopes")
        lasts = self._lifetime if lifetime is None else positive(lifetime, "lifetime")
        if lasts is not None and self._lifetime is not None:
            lasts = min(lasts, self._lifetime)
        now = self._clock()
        if len(await self._alive(user_id, now, instead_of)) >= self._most:
            raise CredentialError("too_many", "the account has as many keys as it may")
        start = f"{self.prefix}_{base62(secrets.randbits(256), RANDOM)}"
        key = start + checksum(start)
        record = ApiKey(
            id=secrets.token_hex(8),
            digest=digest(key),
            user_id=user_id,
            name=name[:LONGEST_NAME],
            hint=key[: len(self.prefix) + 1 + HINT],
            scopes=wanted,
            created=now,
            expires=NEVER if lasts is None else now + lasts,
        )
        await self._store.add(record)
        # Of those that were made at the same moment, no more stay than may be.
        if len(await self._alive(user_id, now, instead_of)) > self._most:
            await self._store.revoke(user_id, record.id)
            raise CredentialError("too_many", "the account has as many keys as it may")
        return Issued(key, record)

    async def _alive(self, user_id: str, now: float, but: str) -> list[ApiKey]:
        found = await self._store.of(user_id)
        return [one for one in found if one.expires > now and one.id != but]

    async def verify(self, key: str) -> ApiKey:
        """The key that a text is.

        Raises:
            CredentialError: It is none (``form``), not known (``unknown``) or has ended (``expired``).
        """
        if not self.is_one(key):
            raise CredentialError("form", "an API key has the wrong form")
        # By digest: what differs in time is known to nobody who has not the key (CWE-208).
        found = await self._store.find(digest(key))
        if found is None:
            raise CredentialError("unknown", "an API key is not known")
        now = self._clock()
        if found.expires <= now:
            raise CredentialError("expired", "an API key has ended")
        if found.used is None or now - found.used >= USED_EVERY:
            await self._store.touch(found.id, now)
        return found

    async def rotate(self, user_id: str, key_id: str, *, overlap: float = 86400.0) -> Issued:
        """Make a key in place of another one, which goes on for a while.

        Args:
            user_id: Whose they are.
            key_id: The one that will end.
            overlap: Seconds until it does.

        Raises:
            CredentialError: It is not theirs (``unknown``), or there are too many (``too_many``).
        """
        now = self._clock()
        old = next((k for k in await self._store.of(user_id) if k.id == key_id), None)
        if old is None or old.expires <= now:
            raise CredentialError("unknown", "an API key is not known")
        lasts = None if old.expires >= NEVER else old.expires - old.created
        made = await self.issue(
            user_id, old.name, scopes=old.scopes, lifetime=lasts, instead_of=key_id
        )
        await self._store.expire(user_id, key_id, now + positive(overlap, "overlap"))
        return made

    async def of(self, user_id: str) -> Sequence[ApiKey]:
        """Those of an account."""
        return await self._store.of(user_id)

    async def revoke(self, user_id: str, key_id: str) -> bool:
        """End one of an account's; False where it is not theirs."""
        return await self._store.revoke(user_id, key_id)


class ApiKeyAuthenticator:
    """Keys in a header of their own, or as ``Authorization: Bearer`` by their prefix.

    Args:
        keys: Checks them.
        header: Name of the header.

    Raises:
        GuardError: It is no name of a header.
    """

    scheme: Scheme = "api_key"
    challenge = ""

    def __init__(self, keys: ApiKeyService, *, header: str = "X-API-Key") -> None:
        if not isinstance(header, str) or not _HEADER.fullmatch(header):
            raise GuardError(f"header: {header!r} is no name of one", hint="header='X-API-Key'")
        self._keys = keys
        self._name = header
        self._header = header.lower().encode("ascii")
        self._prefix = f"{keys.prefix}_"

    def came(self, credentials: Credentials) -> bool:
        """Whether a key came."""
        if credentials.kind == "bearer" and credentials.value.startswith(self._prefix):
            return True
        return any(name == self._header for name, _ in credentials.headers)

    async def identify(self, credentials: Credentials) -> Identity:
        """Whose key it is."""
        key = credentials.header(self._header)
        if key is not None and credentials.kind:
            raise CredentialError("two", "a key and Authorization came together")
        found = await self._keys.verify(credentials.value if key is None else key)
        return Identity(
            user_id=found.user_id,
            scheme=self.scheme,
            issued=NEVER,  # signing out everywhere ends what people use; keys are revoked one by one
            credential=found.id,
            scopes=found.scopes,
            factors=frozenset({"key"}),
        )

    async def settle(
        self, credentials: Credentials, identity: Identity, roles: frozenset[str]
    ) -> Headers:
        """Nothing: the credential stays as it is."""
        return ()

    def declared(self) -> Any:
        """For OpenAPI."""
        from fastapi.openapi.models import APIKey, APIKeyIn

        return APIKey.model_validate({"in": APIKeyIn.header, "name": self._name})
