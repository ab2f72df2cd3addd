"""Makes and checks hashes of passwords: Argon2id, in few threads, never on the event loop.

Threat: hashes that are cheap to guess (CWE-916), the time of an answer that tells which accounts exist (CWE-208;
ASVS 5.0 V6.3.8), and sign-ins that take all of the memory or stop all other requests (CWE-400, CWE-770).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from buckler.guard.auth.errors import PasswordError
from buckler.guard.auth.password import stored as hashes
from buckler.guard.auth.password.argon2id import Argon2Parameters, tuned
from buckler.guard.options import GuardError, count, instance, positive, size

if TYPE_CHECKING:
    from buckler.guard.auth.password.pool import Pool

LONGEST: Final = 4_096
"""Bytes of a password that is checked; older systems took longer ones than :class:`PasswordPolicy` does."""
LEAST_TARGET: Final = 0.01
MOST_TARGET: Final = 5.0


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of a check.

    Attributes:
        ok: Whether it is the password.
        replacement: A new hash to store, where it is and the stored one is in an older format or cheaper to
            guess than new ones are.
        reason: Why it is not, for the log: ``password``, ``no_password``, ``hash_unknown``, ``hash_weak``,
            ``hash_broken``, ``hash_costly``; empty where it is.
    """

    ok: bool
    replacement: str | None = None
    reason: str = ""


class Seat(Protocol):
    """Makes and checks hashes for one who has a place in the queue: nobody is turned away any more."""

    async def hash(self, password: str) -> str:
        """A new hash."""

    async def verify(self, password: str, stored: str | None) -> Verification:
        """Check a password against a stored hash."""


class Hasher(Seat, Protocol):
    """What makes and checks hashes; :class:`Passwords` does."""

    def seat(self) -> AbstractContextManager[Seat]:
        """A place in the queue, for who has to do something before that must not be in vain.

        Raises:
            TooBusyError: As many wait as may.
        """


class Passwords:
    """Hashes of passwords.

    Memory is bounded: ``workers`` times the larger one of what a new hash takes and ``stored_memory``, in each
    process. New hashes take no more than 64 MiB unless told otherwise.

    Args:
        workers: Calculations at a time.
        queue: How many may wait; whoever comes then gets :class:`TooBusyError` at once.
        target: Seconds that a calculation may take on this machine; one calculation at the first use finds
            the parameters for it. Never less than 19 MiB and two passes.
        parameters: Of your own, in place of ``target``.
        stored_memory: Bytes that the check of a stored hash may take; a text such as ``"256 MiB"``. Others
            are refused. The default has room for what OWASP names for scrypt.

    Raises:
        GuardError: An option is none, or pwdlib is not installed.
    """

    __slots__ = ("_memory", "_parameters", "_pool", "_target")

    def __init__(
        self,
        *,
        workers: int = 2,
        queue: int = 64,
        target: float = 0.25,
        parameters: Argon2Parameters | None = None,
        stored_memory: int | str = "160 MiB",
    ) -> None:
        instance(parameters, "parameters", Argon2Parameters)
        if not LEAST_TARGET <= positive(target, "target") <= MOST_TARGET:
            raise GuardError(f"target: {target} is no time to wait for", hint="write target=0.25")
        self._memory = size(stored_memory, "stored_memory")
        self._target = target
        self._parameters = parameters
        self._pool = _pool(count(workers, "workers"), count(queue, "queue"))
        # Says at once what is missing, in place of the first sign-in.
        Argon2Parameters().hasher()

    @property
    def memory(self) -> int:
        """Bytes that all calculations of a process take together, at most."""
        own = 1024 * (self._parameters or Argon2Parameters()).kib
        return self._pool.workers * max(own, self._memory)

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        """A place in the queue; see :class:`Hasher`.

        Raises:
            TooBusyError: As many wait as may; at once.
        """
        with self._pool.seat():
            yield _Seated(self)

    async def start(self) -> Argon2Parameters:
        """Find the parameters now, at the start of the application; the first use does it else.

        Raises:
            TooBusyError: As many wait as may.
        """
        with self._pool.seat():
            return await self._found()

    async def hash(self, password: str) -> str:
        """A new hash of a password, whether or not a policy would take it.

        Raises:
            PasswordError: ``form``: it is longer than 4,096 bytes or holds half of a surrogate pair.
            TooBusyError: As many wait as may.
        """
        with self.seat() as seat:
            return await seat.hash(password)

    async def verify(self, password: str, stored: str | None) -> Verification:
        """Check a password against a stored hash.

        Args:
            password: As it was sent.
            stored: The hash, or None where there is no account or it has no password: takes as much work
                as a hash of ours, and the answer is no.

        Raises:
            TooBusyError: As many wait as may.
        """
        with self.seat() as seat:
            return await seat.verify(password, stored)

    async def _found(self) -> Argon2Parameters:
        if self._parameters is None:
            found = await self._pool.calculate(partial(tuned, self._target))
            # Another one may have found them meanwhile: all hashes of a process take the same work.
            self._parameters = self._parameters or found
        return self._parameters

    async def _hash(self, password: str) -> str:
        parameters = await self._found()
        encoded = _encoded(normal(password)) if len(password) <= LONGEST else None
        if encoded is None:
            raise PasswordError("form", "the password is too long or cannot be written in UTF-8")
        return await self._pool.calculate(partial(parameters.hasher().hash, encoded))

    async def _verify(self, password: str, stored: str | None) -> Verification:
        parameters = await self._found()
        return await self._pool.calculate(
            partial(_verify, password, stored, parameters, self._memory)
        )


class _Seated:
    """The hashes of one who has a place."""

    __slots__ = ("hash", "verify")

    def __init__(self, passwords: Passwords) -> None:
        self.hash = passwords._hash
        self.verify = passwords._verify


def normal(password: str) -> str:
    """A password as it is hashed: normal form C (NIST SP 800-63B-4, 3.1.1.2; RFC 8265, 4.2.2).

    Not NFKC, as earlier editions had it, which makes the same of ``²`` and ``2`` and of all ligatures.
    """
    return unicodedata.normalize("NFC", password)


def _verify(
    password: str, stored: str | None, parameters: Argon2Parameters, memory: int
) -> Verification:
    own_memory = parameters.kib * 1024
    found, reason = _read(stored, max(memory, own_memory))
    tried = _forms(password)
    checked = found or hashes.read(parameters.dummy(), memory=own_memory)
    # What cannot be a password takes the same work.
    ok = any(checked.matches(b"?" if form is None else form) and form is not None for form in tried)
    if not ok or found is None:
        return Verification(False, reason=reason or "password")
    if found.strength >= parameters.strength or tried[0] is None:
        return Verification(True)
    return Verification(True, parameters.hasher().hash(tried[0]))


def _read(stored: str | None, memory: int) -> tuple[hashes.StoredHash | None, str]:
    if not stored:
        return None, "no_password"
    try:
        return hashes.read(stored, memory=memory), ""
    except PasswordError as error:
        return None, error.reason


def _forms(password: str) -> list[bytes | None]:
    """A password as it is hashed, then as it was typed where that differs; None for what cannot be one.

    Older systems did not normalise, so what was typed counts there, too. What is too long is not normalised:
    that takes time by the square of the marks on one letter.
    """
    if len(password) > LONGEST:
        return [None]
    return [_encoded(form) for form in dict.fromkeys((normal(password), password))]


def _encoded(password: str) -> bytes | None:
    try:
        encoded = password.encode()
    except UnicodeEncodeError:
        return None
    return encoded if len(encoded) <= LONGEST else None


def _pool(workers: int, queue: int) -> Pool:
    try:
        from buckler.guard.auth.password.pool import Pool
    except ModuleNotFoundError as error:
        raise GuardError(
            "passwords need anyio", hint="pip install 'buckler[auth,guard]'"
        ) from error
    return Pool(workers, queue)
