"""The access token that came with a request: in ``Authorization``, and nowhere else (RFC 6750, 2.1; RFC 9449, 7.1).

Threat: a token in an address, which logs and histories keep (CWE-598; RFC 9700, 4.3.2; RFC 6750, 5.3), or in a form, which
another site can send (CWE-352); two tokens of which two readers see different ones (CWE-436).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.resource.access_token import Scheme

LONGEST: Final = 8 * 1024
"""Characters of a token."""
PARAMETER: Final = "access_token"
FORM: Final = "application/x-www-form-urlencoded"
_SCHEMES: Final[Mapping[str, Scheme]] = {"bearer": "Bearer", "dpop": "DPoP"}
_AUTHORIZATION: Final = re.compile(r"([A-Za-z][A-Za-z0-9._~+-]*)(?: +([A-Za-z0-9._~+/-]+=*))?")
_OTHER: Final = re.compile(r"[A-Za-z][A-Za-z0-9._~+-]*(?: .*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Presented:
    """A token as it came.

    Attributes:
        scheme: Of ``Authorization``.
        token: Its text.
    """

    scheme: Scheme
    token: str = field(repr=False)


def presented(scope: Mapping[str, Any]) -> Presented | None:
    """The token of a request; None where none came, or a credential of another scheme.

    Args:
        scope: Of ASGI.

    Raises:
        OAuthError: ``invalid_request``, 400: two tokens, one in the address, or one that is malformed.
    """
    if in_pairs(scope.get("query_string", b"")):
        raise twice("query", "access tokens are taken from the Authorization header alone")
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    if not found:
        return None
    if len(found) > 1:
        raise twice("twice", "more than one Authorization header")
    text = found[0].decode("latin-1").strip(" \t")
    scheme = _SCHEMES.get(text.partition(" ")[0].lower())
    if scheme is None:
        if _OTHER.fullmatch(text):
            return None
        raise twice("malformed", "Authorization is malformed")
    match = _AUTHORIZATION.fullmatch(text)
    if match is None or match[2] is None or len(text) > LONGEST + 16:
        raise twice("malformed", "the access token is malformed or too long")
    return Presented(scheme, match[2])


def in_pairs(raw: bytes) -> bool:
    """Whether a query or a form has an access token in it."""
    # Most have no such word in any spelling, and are not taken apart.
    if b"%" not in raw and PARAMETER.encode() not in raw:
        return False
    pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True)
    return any(name == PARAMETER for name, _ in pairs)


def twice(reason: str, description: str) -> OAuthError:
    """The error of a request that has a token in two ways, or in one that is none (RFC 6750, 3.1)."""
    return OAuthError("invalid_request", description, status=400, reason=reason)
