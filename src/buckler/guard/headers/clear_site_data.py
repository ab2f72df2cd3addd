"""Clear-Site-Data: signing out leaves nothing in the browser (W3C; CWE-613, ASVS V14.3.1)."""

from __future__ import annotations

from typing import Any

from buckler.guard.options import GuardError

KINDS = ("cache", "cookies", "storage", "executionContexts", "clientHints")
HEADER = "Clear-Site-Data"


def clear_site_data(response: Any, *kinds: str) -> None:
    """Have the browser forget what it kept of this site; for the handler that signs out.

    Args:
        response: Anything with a mutable ``headers``: FastAPI's ``Response`` parameter, say.
        kinds: Of :data:`KINDS`; none stands for cache, cookies and storage.

    Raises:
        GuardError: One is unknown.
    """
    chosen = kinds or KINDS[:3]
    for kind in chosen:
        if kind not in KINDS:
            raise GuardError(
                f"Clear-Site-Data: {kind!r} is unknown",
                hint=f"name some of {', '.join(KINDS)}; none stands for the first three",
            )
    response.headers[HEADER] = ", ".join(f'"{kind}"' for kind in chosen)
