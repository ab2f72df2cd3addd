"""X-Content-Type-Options: a browser believes the type it is told (Fetch standard; CWE-430, ASVS V3.4.4)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContentTypeOptions:
    """``nosniff``; there is nothing to choose."""

    header = b"x-content-type-options"

    def value(self) -> str:
        """The header's value."""
        return "nosniff"
