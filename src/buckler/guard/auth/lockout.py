"""Slows down whoever guesses passwords, and locks nobody out for good.

Threat: guessing (CWE-307; ASVS 5.0 V6.3.1), and its opposite: somebody who keeps an owner out by guessing wrongly
on purpose (CWE-645). Failures are counted by account, whether it exists or not, and by address (IPv6 by /64, since
one subscriber has as many addresses as that). The first ones cost nothing, then each doubles the wait, up to a
cap. A browser that has signed in to the account before shows a proof of it (a device cookie, as OWASP describes
it) and has a count of its own, so that what strangers do does not stop it; a reset of the password ends the wait,
too. The proof is a cookie and no address: addresses are shared and change hands.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

from buckler.guard.options import GuardError, count, instance, positive
from buckler.guard.stores.interface import FailedAttempts

PREFIX: Final = "1."
NONCE: Final = 16
DAY: Final = 86_400
SHORTEST: Final = 32
"""Bytes of a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How long it takes until one may try again.

    After ``free`` failures the wait is ``first`` seconds, then twice as long each time, ``cap`` at most: with
    the defaults 2, 4, 8, ... 512, 900, 900 seconds. A count is forgotten when none came for ``window`` seconds.

    Attributes:
        free: Failures that cost nothing.
        first: Seconds after one more.
        cap: Seconds at most; an hour is the longest there is.
        window: Seconds, longer than ``cap``.

    Raises:
        GuardError: An attribute is none.
    """

    free: int = 5
    first: float = 2.0
    cap: float = 900.0
    window: float = DAY

    def __post_init__(self) -> None:
        count(self.free, "free")
        for name in ("first", "cap", "window"):
            positive(getattr(self, name), name)
        if not self.first <= self.cap <= 3600:
            raise GuardError(
                "cap is shorter than the first wait, or longer than an hour",
                hint="a longer one would keep owners out: write cap=900",
            )
        if self.window <= self.cap:
            raise GuardError(
                "a count that is forgotten within its wait slows nobody down",
                hint="write window=86400",
            )

    def after(self, failures: int) -> float:
        """Seconds to wait after so many."""
        if failures <= self.free:
            return 0.0
        return float(min(self.cap, self.first * 2 ** min(failures - self.free - 1, 30)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One sign-in that was begun.

    Attributes:
        name: That it is for.
        counted: Key of the count that stands for it: the account's, or the device's.
        address: Key of the address's count; empty where the address is not known or does not matter.
        locked: ``account``, ``device`` or ``address`` where it may not be tried now; else empty.
        known: Whether the device has signed in to this account before.
    """

    name: str
    counted: str
    address: str
    locked: str = ""
    known: bool = False


class Lockout:
    """Counts failed attempts in a store, so that all workers know of them.

    Args:
        attempts: Where they are counted.
        secret: Of the device proofs; 32 bytes at least, the same in all workers.
        account: Waits by account, and by known device.
        address: Waits by address.
        device_days: How long a proof counts.
        clock: Seconds since 1970.

    Raises:
        GuardError: An option is none, or the secret is too short.
    """

    __slots__ = ("_account", "_address", "_attempts", "_clock", "_days", "_key")

    def __init__(
        self,
        attempts: FailedAttempts,
        *,
        secret: str | bytes,
        account: Delays | None = None,
        address: Delays | None = None,
        device_days: int = 30,
        clock: Callable[[], float] = time.time,
    ) -> None:
        instance(account, "account", Delays)
        instance(address, "address", Delays)
        if not isinstance(secret, str | bytes) or len(_bytes(secret)) < SHORTEST:
            raise GuardError(
                f"secret: the proofs of devices need {SHORTEST} bytes at least",
                hint="secrets.token_urlsafe(48)",
            )
        self._attempts = attempts
        self._account = account or Delays()
        self._address = address or Delays(free=20)
        self._days = count(device_days, "device_days")
        self._clock = clock
        # Not the secret itself: it may sign other things elsewhere.
        self._key = hmac.digest(_bytes(secret), b"buckler.guard.lockout.device", "sha256")

    async def begin(self, name: str, *, client: str = "", device: str = "") -> Attempt:
        """Begin a sign-in; counted as failed until :meth:`succeeded`.

        It is counted before the password is looked at, in one step of the store: of many attempts at once
        no more get through than one after the other.

        Args:
            name: Normalised.
            client: Address that it comes from.
            device: The proof that the client showed, or nothing.
        """
        now = self._clock()
        proof = self._proof(name, device, now)
        counted = _key("device", proof) if proof else _key("account", name)
        # A known device is not stopped by strangers behind the same address either.
        address = "" if proof else _address_key(client)
        if address and await self._waits(address, self._address, now):
            return Attempt(name=name, counted=counted, address=address, locked="address")
        locked = "" if await self._take(counted, now) else "device" if proof else "account"
        return Attempt(
            name=name, counted=counted, address=address, locked=locked, known=bool(proof)
        )

    async def failed(self, attempt: Attempt) -> None:
        """The password was wrong."""
        if attempt.address and not attempt.locked:
            await self._attempts.fail(attempt.address, self._clock(), window=self._address.window)

    async def succeeded(self, attempt: Attempt) -> str:
        """The password was right: the count that stood for it begins again.

        That of the address does not: else whoever has an account clears it between guesses.

        Returns:
            A new proof for the device.
        """
        await self._attempts.clear(attempt.counted)
        return self.device(attempt.name)

    async def clear(self, name: str) -> None:
        """End the wait of an account: its owner has shown otherwise who they are."""
        await self._attempts.clear(_key("account", name))

    def device(self, name: str) -> str:
        """A proof that a client has signed in to an account; for a cookie that scripts cannot read."""
        body = f"{PREFIX}{int(self._clock()) + self._days * DAY}.{secrets.token_urlsafe(NONCE)}"
        return f"{body}.{self._sign(name, body)}"

    def knows(self, name: str, device: str) -> bool:
        """Whether a proof is one for this account and counts still."""
        return bool(self._proof(name, device, self._clock()))

    def _proof(self, name: str, device: str, now: float) -> str:
        """What of a proof is its own, or nothing where it does not count."""
        body, _, signature = device.rpartition(".")
        if len(device) > 200 or not device.isascii() or not body.startswith(PREFIX):
            return ""
        if not hmac.compare_digest(signature, self._sign(name, body)):
            return ""
        # Signed by us, so it has the form that we gave it.
        return body if float(body.split(".")[1]) > now else ""

    def _sign(self, name: str, body: str) -> str:
        message = f"{len(name)}.{name}.{body}".encode("utf-8", "surrogatepass")
        return urlsafe_b64encode(hmac.digest(self._key, message, "sha256")).decode().rstrip("=")

    async def _waits(self, key: str, delays: Delays, now: float) -> bool:
        """Whether a count still has to wait; without counting."""
        found = await self._attempts.get(key)
        if found is None or now - found.last >= delays.window:
            return False
        return now - found.last < delays.after(found.count)

    async def _take(self, key: str, now: float) -> bool:
        """Count an attempt; whether it may be made. What has to wait is not counted, or it would never end."""
        before = await self._attempts.get(key)
        if before is not None and now - before.last < self._account.after(before.count):
            return False
        after = await self._attempts.fail(key, now, window=self._account.window)
        if not self._account.after(after.count - 1):
            return True
        # Of those that found the wait over at the same time, the first one alone has it.
        return before is not None and after.count == before.count + 1


def _key(kind: str, value: str) -> str:
    """A key of a length that every store takes, which does not show the name."""
    return f"{kind}:{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _address_key(client: str) -> str:
    """The key of an address, or nothing where it is none."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return f"address:{IPv6Address(int(address) >> 64 << 64)}/64"
        address = address.ipv4_mapped
    return f"address:{address}"


def _bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret
