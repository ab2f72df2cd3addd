"""What a provider sends back with the browser (RFC 6749, 4.1.2; RFC 9207).

Threat: two parameters of one name, which two readers read differently (CWE-235; RFC 6749, 3.1), parameters without an
end (CWE-400), a text of the provider's that ends in a page or a log (CWE-79, CWE-117): of an error its code alone is
taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from buckler.guard.auth.oauth.client.errors import SignInError
from buckler.guard.auth.oauth.client.token_response import error_of

LONGEST: Final = 4_096
"""Characters of one parameter."""
_READ: Final = ("state", "code", "iss", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationAnswer:
    """The parameters that are read.

    Attributes:
        state: Of the sign-in.
        code: Empty where there is an error.
        issuer: ``iss``, or None where it says none.
        error: Empty where there is none.
    """

    state: str
    code: str
    issuer: str | None
    error: str


def read_answer(items: Iterable[tuple[str, str]]) -> AuthorizationAnswer:
    """The answer of a query or a form.

    Args:
        items: Its fields in order.

    Raises:
        SignInError: ``parameters``: one comes twice, is too long, or is missing.
    """
    found: dict[str, str] = {}
    for name, value in items:
        if name not in _READ:
            continue
        if name in found or len(value) > LONGEST or not value.isascii() or not value.isprintable():
            raise SignInError("parameters", "a parameter of the answer comes twice, or is none")
        found[name] = value
    code, error = found.get("code", ""), found.get("error", "")
    if not found.get("state") or bool(code) == bool(error):
        raise SignInError("parameters", "the answer holds neither a code nor an error, or both")
    return AuthorizationAnswer(
        state=found["state"],
        code=code,
        issuer=found.get("iss"),
        error=error_of(error) if error else "",
    )
