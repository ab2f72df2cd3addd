"""X-Frame-Options: who may show a page in a frame, for browsers without CSP (RFC 7034; CWE-1021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from buckler.guard.options import GuardError


@dataclass(frozen=True, slots=True)
class FrameOptions:
    """Attributes:
        choice: ``DENY`` or ``SAMEORIGIN``; ``ALLOW-FROM`` is read by no browser any more.

    Raises:
        GuardError: Anything else.
    """

    choice: Literal["DENY", "SAMEORIGIN"] = "DENY"

    header = b"x-frame-options"

    def __post_init__(self) -> None:
        if self.choice not in ("DENY", "SAMEORIGIN"):
            raise GuardError(
                f"X-Frame-Options: {self.choice!r} is not DENY or SAMEORIGIN",
                hint="single hosts go into ContentSecurityPolicy(frame_ancestors=...)",
            )

    def value(self) -> str:
        """The header's value."""
        return self.choice
