"""Argon2id (RFC 9106), what new hashes are made with, and the parameters that fit a machine.

Threat: hashes that are cheap to guess on other machines (CWE-916; ASVS 5.0 V11.4.2). The floor is what OWASP's
Password Storage Cheat Sheet states: 19 MiB, two passes. One lane, since many calculations run side by side and
more lanes would only take the cores from each other.
"""

from __future__ import annotations

import re
import secrets
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from buckler.guard.auth.password.stored import StoredHash, broken, costly, decoded
from buckler.guard.options import GuardError, count, size

if TYPE_CHECKING:
    from pwdlib.hashers.argon2 import Argon2Hasher

LEAST_MEMORY: Final = 19 * 1024 * 1024
LEAST_PASSES: Final = 2
FIRST_MEMORY: Final = 64 * 1024 * 1024
FIRST_PASSES: Final = 3
"""Where tuning begins: the second choice of RFC 9106, section 4, but for its lanes."""
MOST_PASSES: Final = 16
MOST_LANES: Final = 16
MOST_WORK: Final = 4 * 1024 * 1024
"""KiB times passes of a stored hash: some seconds."""
SALT: Final = 16
DIGEST: Final = 32
_PHC = re.compile(
    r"\$argon2(id|i|d)\$(?:v=(16|19)\$)?m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})"
    r"\$([A-Za-z0-9+/]{8,128})\$([A-Za-z0-9+/]{16,172})"
)


@dataclass(frozen=True, slots=True)
class Argon2Parameters:
    """What one calculation takes.

    Attributes:
        memory: Bytes, or a text such as ``"64 MiB"``.
        passes: Over the memory.
        lanes: That are calculated side by side.

    Raises:
        GuardError: Less than 19 MiB and two passes (OWASP), or more than can be meant.
    """

    memory: int | str = FIRST_MEMORY
    passes: int = FIRST_PASSES
    lanes: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "memory", size(self.memory, "memory"))
        count(self.passes, "passes")
        count(self.lanes, "lanes")
        if self.kib * 1024 < LEAST_MEMORY or self.passes < LEAST_PASSES:
            raise GuardError(
                f"{self.kib} KiB and {self.passes} passes are less than passwords need",
                hint="Argon2Parameters(memory='19 MiB', passes=2) is the least that OWASP states",
            )
        if self.lanes > MOST_LANES or self.passes > MOST_PASSES or self.strength > MOST_WORK:
            raise GuardError(
                "such a calculation would take many seconds",
                hint="Argon2Parameters(memory='64 MiB', passes=3)",
            )

    @property
    def kib(self) -> int:
        """The memory in KiB, which is how Argon2 counts it."""
        return size(self.memory, "memory") // 1024

    @property
    def strength(self) -> int:
        """KiB times passes: what a guess costs, to compare with."""
        return self.kib * self.passes

    def hasher(self) -> Argon2Hasher:
        """What makes hashes with them.

        Raises:
            GuardError: pwdlib or argon2-cffi is not installed.
        """
        return _hasher()(
            time_cost=self.passes,
            memory_cost=self.kib,
            parallelism=self.lanes,
            hash_len=DIGEST,
            salt_len=SALT,
        )

    def dummy(self) -> str:
        """A hash that no password has and whose check takes as much work as that of any other."""
        salt, digest = (
            b64encode(secrets.token_bytes(n)).rstrip(b"=").decode() for n in (SALT, DIGEST)
        )
        return f"$argon2id$v=19$m={self.kib},t={self.passes},p={self.lanes}${salt}${digest}"


def tuned(target: float, *, clock: Callable[[], float] = time.thread_time) -> Argon2Parameters:
    """Parameters that take about so long on this machine, after one calculation.

    Args:
        target: Seconds.
        clock: Counts them: this thread's own time, so that others on the machine do not make hashes weaker.
    """
    first = Argon2Parameters()
    begun = clock()
    first.hasher().hash("how long does this take?")
    taken = max(clock() - begun, 1e-6)
    share = target / taken
    if share >= 1:
        return Argon2Parameters(FIRST_MEMORY, min(int(FIRST_PASSES * share), MOST_PASSES))
    memory = int(FIRST_MEMORY * share)
    if memory >= LEAST_MEMORY:
        return Argon2Parameters(memory, FIRST_PASSES)
    return Argon2Parameters(LEAST_MEMORY, LEAST_PASSES)


def read(stored: str, memory: int) -> StoredHash:
    """Read a PHC string, or Django's, which has a word before it.

    Raises:
        PasswordError: It is none, or costs too much.
        GuardError: pwdlib or argon2-cffi is not installed.
    """
    text = stored.removeprefix("argon2") if stored.startswith("argon2$") else stored
    found = _PHC.fullmatch(text)
    if found is None:
        raise broken("the stored hash begins like Argon2 and is none")
    kib, passes, lanes = int(found[3]), int(found[4]), int(found[5])
    if not kib or not passes or not lanes or kib < 8 * lanes:
        raise broken("the stored Argon2 hash has parameters that cannot be")
    if kib * 1024 > memory or kib * passes > MOST_WORK or lanes > MOST_LANES:
        raise costly("the stored Argon2 hash takes more than it may")
    decoded(found[6])
    decoded(found[7])
    own = text is stored and found[1] == "id" and found[2] == "19"
    hasher = _hasher()()

    def matches(password: bytes) -> bool:
        return hasher.verify(password, text)

    return StoredHash(matches, kib * passes if own else 0)


def _hasher() -> type[Argon2Hasher]:
    try:
        from pwdlib.exceptions import HasherNotAvailable
    except ModuleNotFoundError as error:
        raise GuardError("passwords need pwdlib", hint="pip install 'buckler[auth]'") from error
    try:
        from pwdlib.hashers.argon2 import Argon2Hasher
    except HasherNotAvailable as error:
        raise GuardError(
            "passwords need argon2-cffi", hint="pip install 'buckler[auth]'"
        ) from error
    return Argon2Hasher
