"""Why a sign-in with a provider does not count, and why a provider cannot be asked."""

from __future__ import annotations

from buckler.core.errors import BucklerError
from buckler.guard.auth.errors import CredentialError


class SignInError(CredentialError):
    """A sign-in with a provider does not count; ``reason`` is for the security log, never for the caller."""

    code = "guard.oauth.sign_in"


class ProviderError(BucklerError):
    """A provider cannot be reached, or answers what cannot be taken.

    Args:
        reason: A stable word for the security log, e.g. ``unreachable``, ``metadata``.
        message: One sentence for the log, nothing of the answer in it.
        error: What the provider itself called it (RFC 6749, 5.2), where it did.
    """

    code = "guard.oauth.provider"

    def __init__(self, reason: str, message: str, error: str = "") -> None:
        super().__init__(message, hint="the provider's status page and Provider(issuer=...)")
        self.reason = reason
        self.error = error
