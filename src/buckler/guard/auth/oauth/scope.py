"""Scopes (RFC 6749, 3.3)."""

from __future__ import annotations

import re
from typing import Final

from buckler.guard.auth.oauth.errors import OAuthError

MOST: Final = 100
_SCOPE: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,200}")


def is_scope(text: str) -> bool:
    """Whether a text is one scope."""
    return _SCOPE.fullmatch(text) is not None


def parse(text: str) -> tuple[str, ...]:
    """The scopes that a parameter names, each once, in its order.

    Raises:
        OAuthError: ``invalid_scope``: it is malformed.
    """
    found = tuple(dict.fromkeys(text.split(" "))) if text else ()
    if len(found) > MOST or not all(map(is_scope, found)):
        raise OAuthError("invalid_scope", "the scope is malformed")
    return found
