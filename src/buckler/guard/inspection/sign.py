"""What makes a value look like an attack: a pattern, and how much it weighs.

No sign decides by holding a word: a value is told when the weights of its signs add up to
:data:`ENOUGH`, and text that people write (a comment, a question with code in it) weighs less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from buckler.guard.options import GuardError, texts

ENOUGH: Final = 4
"""Weight from which a value is told."""
PROSE_LESS: Final = 2
"""How much less a sign weighs in prose where it does not say otherwise."""


class Attack(StrEnum):
    """What somebody tries; the number is the weakness it needs."""

    SQL = "sql"  # CWE-89
    NOSQL = "nosql"  # CWE-943
    XSS = "xss"  # CWE-79
    TRAVERSAL = "traversal"  # CWE-22
    COMMAND = "command"  # CWE-78
    TEMPLATE = "template"  # CWE-1336
    CRLF = "crlf"  # CWE-93
    LDAP = "ldap"  # CWE-90
    XPATH = "xpath"  # CWE-643
    XXE = "xxe"  # CWE-611
    SSRF = "ssrf"  # CWE-918
    LOOKUP = "lookup"  # CWE-917
    SCANNER = "scanner"  # reconnaissance, CAPEC-169


def names(kinds: Iterable[Attack | str], option: str) -> frozenset[Attack]:
    """Kinds by their names.

    Raises:
        GuardError: There is no such kind.
    """
    listed = texts(kinds, option, "xss")
    try:
        return frozenset(Attack(kind) for kind in listed)
    except ValueError as error:
        known = ", ".join(Attack)
        raise GuardError(f"{option}: {error}", hint=f"one of {known}") from error


@dataclass(frozen=True, slots=True)
class Sign:
    """One pattern.

    Attributes:
        kind: What it is a sign of.
        weight: How much it says; below zero it speaks against an attack.
        pattern: Of RE2, of a text in lower case. A blank stands for white space, ``~`` for white space
            that may be missing.
        prose: Its weight in prose; else the weight less :data:`PROSE_LESS`, and not below zero.
        head: Whether it counts in the head of a request alone (path, query, cookies, headers, names).
        agent: Whether it counts in ``User-Agent`` alone.
        key: Whether it counts in names of fields alone.
        confirm: What no linear-time pattern can say; called with a value that the pattern matched.
    """

    kind: Attack
    weight: int
    pattern: str
    prose: int | None = None
    head: bool = False
    agent: bool = False
    key: bool = False
    confirm: Callable[[str], bool] | None = None

    @property
    def regex(self) -> str:
        """The pattern as RE2 reads it."""
        return self.pattern.replace(" ", r"\s+").replace("~", r"\s*")

    def weighs(self, *, prose: bool) -> int:
        """Its weight in a value."""
        if not prose or self.weight < 0:
            return self.weight
        return max(0, self.weight - PROSE_LESS) if self.prose is None else self.prose
