"""Strict-Transport-Security: the browser never again asks over http (RFC 6797; CWE-319, ASVS V3.4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from buckler.guard.options import GuardError, Weakness, flag

HALF_A_YEAR: Final = 182 * 86400
YEAR = 365 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class StrictTransportSecurity:
    """Sent over https alone: over http a browser has to ignore it (RFC 6797, 7.2).

    Attributes:
        max_age: Seconds. 0 takes the promise back.
        include_subdomains: Also for every name below this one.
        preload: Consent to the browsers' own list; needs both of the above at full strength.

    Raises:
        GuardError: A combination that the preload list refuses.
    """

    max_age: int = 2 * YEAR
    include_subdomains: bool = True
    preload: bool = False

    header = b"strict-transport-security"

    def __post_init__(self) -> None:
        if isinstance(self.max_age, bool) or not isinstance(self.max_age, int) or self.max_age < 0:
            raise GuardError("max_age is a number of seconds", hint=f"a year: max_age={YEAR}")
        flag(self.include_subdomains, "include_subdomains")
        flag(self.preload, "preload")
        if self.preload and (self.max_age < YEAR or not self.include_subdomains):
            raise GuardError(
                "preload wants a year at least and include_subdomains",
                hint=f"write max_age={YEAR}, include_subdomains=True, or leave preload out",
            )

    def weaknesses(self) -> Iterator[Weakness]:
        """What of it is weaker than its defaults."""
        if self.max_age < HALF_A_YEAR:
            yield (
                "hsts_short",
                f"Strict-Transport-Security: max_age={self.max_age} is forgotten within half a year; "
                "two years are usual",
            )
        if not self.include_subdomains:
            yield (
                "hsts_subdomains",
                "Strict-Transport-Security leaves names below this one out, which can set its cookies; "
                "include_subdomains=True",
            )

    def value(self) -> str:
        """The header's value."""
        parts = [f"max-age={self.max_age}"]
        parts += ["includeSubDomains"] * self.include_subdomains + ["preload"] * self.preload
        return "; ".join(parts)
