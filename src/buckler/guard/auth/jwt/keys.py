"""The keys of an application: one signs, all that are not retired verify.

Threat: a key that cannot be changed without signing everybody out is never changed (CWE-324; ASVS 5.0 V11.1.1),
and a set in which a secret and public keys stand side by side invites to take one for the other (RFC 8725, 3.1).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, Protocol, runtime_checkable

from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.options import GuardError, check_clock, instance, positive

DAY: Final = 86_400.0


class Keys(Protocol):
    """Where a verifier finds keys."""

    @property
    def version(self) -> int:
        """Another one as soon as a key came or went."""

    def find(self, kid: str | None, alg: str) -> tuple[SigningKey, float] | None:
        """The one key that may have signed, and when it counts no more (seconds since 1970); or None.

        Args:
            kid: As the token's header says it, or None where it says nothing.
            alg: As it says it; only to tell keys apart where there is no ``kid``.
        """


@runtime_checkable
class RenewableKeys(Keys, Protocol):
    """Keys that others change: each look for them is awaited, and they are not looked for oftener than is good."""

    async def ready(self) -> None:
        """Have keys that are not too old."""

    async def refresh(self) -> bool:
        """Look for others, unless that was done a moment ago; whether a key came or went."""


def check_keys(value: object) -> None:
    """Look whether something has keys.

    Raises:
        GuardError: It has not.
    """
    # A text has find(), too.
    found = callable(getattr(value, "find", None)) and hasattr(value, "version")
    if isinstance(value, type) or not found:
        raise GuardError(
            "keys takes KeySet or RemoteKeys", hint="KeySet(SigningKey.from_file('key.pem'))"
        )


class KeySet:
    """Keys with an overlap: after :meth:`rotate` the old one verifies for a while.

    All workers need the same keys: read them from where secrets are kept, and rotate by changing them there.

    Args:
        keys: The first that can sign signs; the others verify.
        overlap: Seconds for which a key verifies after it was followed by another one; longer than any token.
        clock: Gives seconds since 1970.

    Raises:
        GuardError: There is no key, a name twice, or a secret beside keys of other kinds.
    """

    __slots__ = ("_clock", "_keys", "_lock", "_overlap", "_signing", "_until", "version")

    def __init__(
        self,
        *keys: SigningKey,
        overlap: float = DAY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not keys:
            raise GuardError("a set needs a key", hint="KeySet(SigningKey.generate('EdDSA'))")
        self._overlap = positive(overlap, "overlap")
        check_clock(clock)
        self._clock = clock
        self._keys: dict[str, SigningKey] = {}
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()
        self.version = 0
        for key in keys:
            self.add(key)
        self._signing = next((key for key in keys if key.private), None)

    @property
    def signing(self) -> SigningKey:
        """The key that signs.

        Raises:
            GuardError: There are public ones alone.
        """
        if self._signing is None:
            raise GuardError("none of these keys can sign", hint="one needs its private part")
        return self._signing

    def __iter__(self) -> Iterator[SigningKey]:
        """Those that verify now."""
        now = self._clock()
        return iter(
            [key for key in self._keys.values() if now < self._until.get(key.kid, math.inf)]
        )

    def find(self, kid: str | None, alg: str) -> tuple[SigningKey, float] | None:
        """The one key that may have signed; see :meth:`Keys.find`."""
        if kid is None:
            fitting = [key for key in self if key.alg == alg]
            if len(fitting) != 1:
                return None
            key: SigningKey | None = fitting[0]
        else:
            key = self._keys.get(kid)
        if key is None:
            return None
        until = self._until.get(key.kid, math.inf)
        return (key, until) if self._clock() < until else None

    def add(self, key: SigningKey) -> None:
        """Let a further key verify, before it signs: others that fetch the set know it by then.

        Raises:
            GuardError: Its name is taken, or it is a secret beside other kinds or the other way round.
        """
        instance(key, "key", SigningKey, optional=False)
        with self._lock:
            self._forget_ended()
            if key.kid in self._keys:
                raise GuardError(f"two keys have the kid {key.kid!r}", hint="leave kid= out")
            if any((other.kind == "oct") != (key.kind == "oct") for other in self._keys.values()):
                raise GuardError(
                    "a secret for HMAC and public keys do not go into one set",
                    hint="two verifiers, each with its own KeySet(...)",
                )
            self._keys = {**self._keys, key.kid: key}
            self.version += 1

    def rotate(self, to: SigningKey | None = None) -> SigningKey:
        """Sign with another key from now on; the one before verifies for the overlap.

        Args:
            to: That key, of this set or a new one; else one is generated, of the same algorithm.

        Returns:
            The key that signs now.

        Raises:
            GuardError: It cannot sign, or :meth:`add` refuses it.
        """
        before = self.signing
        following = to if to is not None else SigningKey.generate(before.alg)
        instance(following, "to", SigningKey, optional=False)
        if not following.private:
            raise GuardError("this key cannot sign", hint="give the private one")
        if self._keys.get(following.kid) is not following:
            self.add(following)
        with self._lock:
            # First of all: an overlap that is over would take the key along.
            self._until = {kid: at for kid, at in self._until.items() if kid != following.kid}
            self._forget_ended()
            if following is not before:
                self._until = {**self._until, before.kid: self._clock() + self._overlap}
            self._signing = following
            self.version += 1
        return following

    def retire(self, kid: str) -> bool:
        """Let a key verify no more, at once; False where there is none of that name.

        Raises:
            GuardError: It is the one that signs.
        """
        with self._lock:
            if self._signing is not None and kid == self._signing.kid:
                raise GuardError(
                    "this key signs", hint="keys.rotate() first, then keys.retire(kid)"
                )
            if kid not in self._keys:
                return False
            self._keys = {name: key for name, key in self._keys.items() if name != kid}
            self._until = {name: at for name, at in self._until.items() if name != kid}
            self.version += 1
            return True

    def _forget_ended(self) -> None:
        """Drop the keys whose overlap is over."""
        now = self._clock()
        ended = {kid for kid, at in self._until.items() if at <= now}
        self._keys = {kid: key for kid, key in self._keys.items() if kid not in ended}
        self._until = {kid: at for kid, at in self._until.items() if kid not in ended}
