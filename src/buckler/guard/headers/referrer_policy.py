"""Referrer-Policy: how much of an address the next site is told (W3C; CWE-200, ASVS V3.4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from buckler.guard.options import GuardError, Weakness, texts

POLICIES = (
    *("no-referrer", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin"),
    *("same-origin", "strict-origin", "strict-origin-when-cross-origin", "unsafe-url"),
)


_WHOLE: Final = ("unsafe-url", "no-referrer-when-downgrade")


@dataclass(frozen=True, slots=True)
class ReferrerPolicy:
    """Attributes:
        policies: One, or several of which a browser takes the last that it knows.

    Raises:
        GuardError: One is unknown.
    """

    policies: tuple[str, ...] = ("no-referrer",)

    header = b"referrer-policy"

    def __post_init__(self) -> None:
        if isinstance(self.policies, str):
            object.__setattr__(self, "policies", (self.policies,))
        found = texts(self.policies, "Referrer-Policy", "no-referrer")
        object.__setattr__(self, "policies", found)
        for policy in self.policies:
            if policy not in POLICIES:
                raise GuardError(
                    f"Referrer-Policy: {policy!r} is unknown", hint=f"one of {', '.join(POLICIES)}"
                )
        if not self.policies:
            raise GuardError("Referrer-Policy: name one", hint="or referrer_policy=None")

    def weaknesses(self) -> Iterator[Weakness]:
        """What of it is weaker than to tell the origin at most."""
        if self.policies[-1] in _WHOLE:  # every browser knows it, so it is the one that holds
            yield (
                "referrer_policy_wide",
                f"Referrer-Policy: {self.policies[-1]} tells other sites the whole address, query "
                "included; no-referrer, or strict-origin-when-cross-origin",
            )

    def value(self) -> str:
        """The header's value."""
        return ", ".join(self.policies)
