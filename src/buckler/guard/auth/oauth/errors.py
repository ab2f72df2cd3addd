"""Refusals of the protocol, by the codes that the RFCs give them.

Threat: an error that tells a stranger what the server knows (CWE-209). ``error`` and ``description`` go to the
client and hold nothing that it sent; ``reason`` is for the security log alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.errors import BucklerError


class OAuthError(BucklerError):
    """A request is refused (RFC 6749, 4.1.2.1 and 5.2; RFC 6750, 3.1; OpenID Connect Core 1.0, 3.1.2.6).

    Args:
        error: The code, e.g. ``invalid_grant``.
        description: A sentence for whoever wrote the client; in the characters of RFC 6749, 5.2.
        status: Of the answer, where it is no redirect.
        reason: A stable word for the security log; else ``error``.
        headers: Of the answer, beside those that every one has.
    """

    code = "guard.oauth"

    def __init__(
        self,
        error: str,
        description: str = "",
        *,
        status: int = 400,
        reason: str = "",
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__(description or error)
        self.error = error
        self.description = description
        self.status = status
        self.reason = reason or error
        self.headers = tuple(headers)
