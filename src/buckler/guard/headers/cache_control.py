"""Cache-Control: answers that belong to one person stay in nobody's cache (RFC 9111; CWE-525, ASVS V14.3.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from buckler.guard.options import GuardError, Weakness, header_value

_OWN = re.compile(r"(?:^|[\s,])(?:no-store|private|no-cache)(?:$|[\s,])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CacheControl:
    """Attributes:
        directives: What an answer gets that says nothing itself.
        when: ``authenticated`` (the request carried ``Authorization``, a cookie, ``X-API-Key`` or a
            key that a route declares by ``fastapi.security``, or the answer sets a cookie) or ``always``.

    Raises:
        GuardError: It cannot stand in a header.
    """

    directives: str = "no-store"
    when: Literal["authenticated", "always"] = "authenticated"

    header = b"cache-control"

    def __post_init__(self) -> None:
        header_value(self.directives, "Cache-Control")
        if self.when not in ("authenticated", "always"):
            raise GuardError("Cache-Control: when is 'authenticated' or 'always'")

    def weaknesses(self) -> Iterator[Weakness]:
        """Whether what belongs to one person may be handed to the next."""
        if not _OWN.search(self.directives):
            yield (
                "cache_control_shared",
                f"Cache-Control: {self.directives} lets shared caches keep answers for somebody; "
                "no-store or private",
            )

    def value(self) -> str:
        """The header's value."""
        return self.directives
