"""Which new passwords may be taken (NIST SP 800-63B-4, 3.1.1.2; ASVS 5.0 V6.2).

Threat: an account that is opened by its own name, by the word that it was delivered with, or by one of the million
words of every guessing tool (CWE-521, CWE-1392). There are no rules of composition and no dates of expiry, which
make passwords worse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from buckler.guard.auth.errors import PasswordPolicyError
from buckler.guard.auth.password.common import folded, is_common
from buckler.guard.auth.password.hashing import normal
from buckler.guard.options import GuardError, count, flag, texts

LEAST: Final = 8
"""What NIST allows where a second factor is required, and nowhere less."""
LONGEST: Final = 1_024
"""Bytes in UTF-8: more than anybody types, few enough to cost nothing."""
WORD: Final = 4
"""Characters of a name that is looked for in a password; shorter ones are in every other word."""
DEFAULTS: Final = frozenset(
    "admin administrator changeit changeme changemenow default defaultpassword guest initial letmein"
    " newpassword operator pass passphrase password passw0rd postgres root secret superuser support sysadmin"
    " temp temporary test toor user welcome".split()
)
"""What systems are delivered with, and what is typed to have it over with."""


class Leaks(Protocol):
    """Knows passwords that were leaked."""

    async def holds(self, password: str) -> bool:
        """Whether a password is among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """What a new password has to be.

    Attributes:
        minimum: Characters (code points in normal form C) where the password is the only factor.
        with_factor: Characters where a second factor is required.
        service: Names of the application and its domain, which are part of nobody's secret.
        common: Whether common passwords are refused.
        leaks: Asked for leaked passwords; :class:`Breached`, :class:`BreachedFile` or None.

    Raises:
        GuardError: An attribute is none, or allows less than eight characters.
    """

    minimum: int = 15
    with_factor: int = LEAST
    service: Iterable[str] = ()
    common: bool = True
    leaks: Leaks | None = None

    def __post_init__(self) -> None:
        for name in ("minimum", "with_factor"):
            if not LEAST <= count(getattr(self, name), name) <= LONGEST // 4:
                raise GuardError(
                    f"{name}: a password has {LEAST} characters at least and may have {LONGEST // 4}",
                    hint=f"write {name}={15 if name == 'minimum' else LEAST}",
                )
        flag(self.common, "common")
        object.__setattr__(self, "service", texts(self.service, "service", "shop.example"))
        if self.leaks is not None and not callable(getattr(self.leaks, "holds", None)):
            raise GuardError(
                "leaks takes Breached, BreachedFile or None", hint="write leaks=Breached()"
            )

    async def judge(self, password: str, *, name: str = "", second_factor: bool = False) -> str:
        """Judge a new password by all that is asked of it.

        Args:
            password: As it was typed.
            name: That its owner signs in with.
            second_factor: Whether the account cannot be entered without one.

        Returns:
            The password in the form that is hashed.

        Raises:
            PasswordPolicyError: It may not be taken; see :meth:`check`, and ``leaked``.
            LeaksUnknownError: Leaked ones cannot be asked for, and that is to refuse all; answer 503.
        """
        found = self.check(password, name=name, second_factor=second_factor)
        if self.leaks is not None and await self.leaks.holds(found):
            raise PasswordPolicyError(
                "leaked",
                "This password was leaked somewhere and is being tried. Choose another one.",
            )
        return found

    def check(self, password: str, *, name: str = "", second_factor: bool = False) -> str:
        """Judge a new password by what can be known here.

        Returns:
            The password in the form that is hashed.

        Raises:
            PasswordPolicyError: ``characters``, ``too_long``, ``default``, ``context``, ``too_short``,
                ``common``.
        """
        # Before it is normalised, which takes time by the square of the marks on one letter.
        if len(password) > 2 * LONGEST:
            raise _too_long()
        found = normal(password)
        _writable(found)
        known = [name, name.partition("@")[0]] if name else []
        bare = _bare(found)
        if bare and bare in DEFAULTS | {_bare(word) for word in known}:
            raise PasswordPolicyError(
                "default", "This is the name itself or a password that systems are delivered with."
            )
        least = self.with_factor if second_factor else self.minimum
        if len(found) < least:
            raise PasswordPolicyError(
                "too_short",
                f"The password has {len(found)} characters; {least} are needed. A few words in a row will do.",
            )
        if _left(found, [*known, *self.service]) * 2 < least:
            raise PasswordPolicyError(
                "context",
                "Little is left of this password without your name and that of this service.",
            )
        if self.common and is_common(found):
            raise PasswordPolicyError(
                "common",
                "Many people have this password, so it is tried first. Choose another one.",
            )
        return found


def _writable(password: str) -> None:
    """Look whether every character can be typed again, and there are not too many."""
    if "\0" in password or any("\ud800" <= character < "\ue000" for character in password):
        raise PasswordPolicyError(
            "characters", "The password holds a character that cannot be typed again."
        )
    if len(password.encode()) > LONGEST:
        raise _too_long()


def _too_long() -> PasswordPolicyError:
    return PasswordPolicyError(
        "too_long", f"The password is longer than {LONGEST} bytes, which nobody needs."
    )


def _bare(text: str) -> str:
    """Letters and digits of a text, once where it is said twice."""
    bare = re.sub(r"[\W_]+", "", folded(text))
    unit = (bare + bare).find(bare, 1) if bare else 0
    return bare[:unit]


def _left(password: str, names: Iterable[str]) -> int:
    """Letters and digits of a password that are in none of the names."""
    rest = folded(password)
    parts = {part for text in names for part in (folded(text), *re.split(r"[\W_]+", folded(text)))}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= WORD:
            rest = rest.replace(part, "")
    return len(rest)
