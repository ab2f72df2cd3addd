"""What a route requires of an access token."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.resource.access_token import AccessToken
from buckler.guard.auth.oauth.scope import is_scope
from buckler.guard.options import GuardError, positive, texts

_ACR: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequirement:
    """What has to be in a token.

    Attributes:
        scopes: All of them.
        max_age: Seconds since the person was last authenticated, at most; None for any time.
        acr: Ways to authenticate of which one is good enough; empty for any.

    Raises:
        GuardError: An option is none.
    """

    scopes: tuple[str, ...] = ()
    max_age: float | None = None
    acr: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for one in self.scopes:
            if not isinstance(one, str) or not is_scope(one):
                raise GuardError(
                    f"{str(one)[:100]!r} is no scope (RFC 6749, 3.3)",
                    hint="write requires('orders:read', 'orders:write')",
                )
        if self.max_age is not None:
            positive(self.max_age, "max_age")
        for one in self.acr:
            if not _ACR.fullmatch(one):
                raise GuardError(f"acr: {one[:100]!r} is none", hint="write acr=['phr']")

    def words(self) -> str:
        """In a few words, for the table of who may do what."""
        parts = ["access token"]
        if self.scopes:
            parts.append(f"with {' and '.join(self.scopes)}")
        if self.acr:
            parts.append(f"by {' or '.join(self.acr)}")
        if self.max_age is not None:
            parts.append(f"shown within {self.max_age:g} s")
        return " ".join(parts)

    def more(self, error: OAuthError) -> dict[str, str]:
        """What an error says of what would be enough (RFC 6750, 3; RFC 9470, 3)."""
        found: dict[str, str] = {}
        if error.error == "insufficient_scope":
            found["scope"] = " ".join(self.scopes)
        if error.error == "insufficient_user_authentication":
            if self.acr:
                found["acr_values"] = " ".join(self.acr)
            if self.max_age is not None:
                found["max_age"] = f"{self.max_age:.0f}"
        return found

    def check(self, token: AccessToken, now: float) -> None:
        """Look whether a token is enough.

        Raises:
            OAuthError: ``insufficient_scope``, or ``insufficient_user_authentication``.
        """
        if not token.scopes.issuperset(self.scopes):
            raise OAuthError("insufficient_scope", "a scope is missing", status=403, reason="scope")
        if self.acr and token.acr not in self.acr:
            raise _weak("acr", "the person was authenticated in another way")
        if self.max_age is not None and now - token.authenticated > self.max_age:
            raise _weak("stale", "the person was authenticated too long ago")


def requirement(
    scopes: tuple[str, ...], max_age: float | None, acr: Iterable[str]
) -> TokenRequirement:
    """A requirement of options as people write them.

    Raises:
        GuardError: One is none.
    """
    return TokenRequirement(scopes=scopes, max_age=max_age, acr=texts(acr, "acr", "phr"))


def _weak(reason: str, message: str) -> OAuthError:
    return OAuthError("insufficient_user_authentication", message, status=401, reason=reason)
