"""Referrer-Policy: how much of an address the next site is told (W3C; CWE-200, ASVS V3.4.5)."""

from __future__ import annotations

from dataclasses import dataclass

from buckler.guard.options import GuardError

POLICIES = (
    *("no-referrer", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin"),
    *("same-origin", "strict-origin", "strict-origin-when-cross-origin", "unsafe-url"),
)


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
        for policy in self.policies:
            if policy not in POLICIES:
                raise GuardError(f"Referrer-Policy: {policy!r} is unknown; one of {POLICIES}")
        if not self.policies:
            raise GuardError("Referrer-Policy: name one")

    def value(self) -> str:
        """The header's value."""
        return ", ".join(self.policies)
