"""Why a credential does not count, as a stable code; what the caller is told is for the scheme to say."""

from __future__ import annotations

from buckler.core.errors import BucklerError


class CredentialError(BucklerError):
    """A credential that came with a request does not count.

    Args:
        reason: A stable word for the security log, e.g. ``expired``, ``signature``; never sent to the caller.
        message: One sentence for the log, no value of the caller's in it.
    """

    code = "guard.credential"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TokenError(CredentialError):
    """A token does not count (RFC 6750, 3.1: ``invalid_token``)."""

    code = "guard.token"


class TokenReusedError(TokenError):
    """A refresh token came again after its successor had been used: one of two holders stole it.

    Args:
        reason: As of :class:`CredentialError`.
        message: The same.
        family: Id of the family, which is revoked.
    """

    code = "guard.token.reused"

    def __init__(self, reason: str, message: str, family: str = "") -> None:
        super().__init__(reason, message)
        self.family = family


class PasswordError(CredentialError):
    """A name and a password do not belong together, or may not be tried now."""

    code = "guard.password"


class FactorError(CredentialError):
    """A second factor does not count, or cannot be changed so."""

    code = "guard.factor"


class PasswordPolicyError(BucklerError):
    """A new password may not be taken; ``reason`` and message may be told to its owner."""

    code = "guard.password.policy"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NameRefusedError(BucklerError):
    """A name that nobody can have; ``reason`` and message may be told to whoever typed it."""

    code = "guard.account.name"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TooBusyError(BucklerError):
    """There is more to do than may wait; the caller gets 503 with ``Retry-After``."""

    code = "guard.busy"
