"""Cross-Origin-Opener-, -Embedder- and -Resource-Policy: a page shares no process with strangers
(HTML and Fetch standards; CWE-346, CWE-1021, ASVS V3.4.8).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from buckler.guard.options import GuardError, Weakness


@dataclass(frozen=True, slots=True)
class _Choice:
    choice: str

    header: ClassVar[bytes]
    known: ClassVar[tuple[str, ...]]
    weak: ClassVar[str]

    def __post_init__(self) -> None:
        if self.choice not in self.known:
            name = self.header.decode()
            raise GuardError(f"{name}: {self.choice!r} is unknown; one of {self.known}")

    def weaknesses(self) -> Iterator[Weakness]:
        """Whether it gives away what it is there for."""
        if self.choice == self.weak:
            name = self.header.decode()
            yield (
                name.removeprefix("cross-origin-").replace("-", "_") + "_open",
                f"{name}: {self.choice} shuts nobody out; {self.known[0]}, or as little more as works",
            )

    def value(self) -> str:
        """The header's value."""
        return self.choice


@dataclass(frozen=True, slots=True)
class OpenerPolicy(_Choice):
    """Cross-Origin-Opener-Policy: who keeps a handle on the window."""

    choice: str = "same-origin"

    header = b"cross-origin-opener-policy"
    known = ("same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none")
    weak = "unsafe-none"


@dataclass(frozen=True, slots=True)
class EmbedderPolicy(_Choice):
    """Cross-Origin-Embedder-Policy: what a page may embed."""

    choice: str = "require-corp"

    header = b"cross-origin-embedder-policy"
    known = ("require-corp", "credentialless", "unsafe-none")
    weak = "unsafe-none"


@dataclass(frozen=True, slots=True)
class ResourcePolicy(_Choice):
    """Cross-Origin-Resource-Policy: who may embed this answer."""

    choice: str = "same-origin"

    header = b"cross-origin-resource-policy"
    known = ("same-origin", "same-site", "cross-origin")
    weak = "cross-origin"
