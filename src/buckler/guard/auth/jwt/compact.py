"""Takes a token apart that came from anybody (RFC 7515, 7.1; RFC 7516, 7.1).

Threat: work that grows with what a stranger sends (CWE-400), and JSON serialisations taken for compact ones.
"""

from __future__ import annotations

from buckler.guard.auth.errors import TokenError


def split(token: object, parts: int, max_size: int) -> tuple[bytes, list[bytes]]:
    """The token as bytes, and its parts; nothing of it is decoded.

    Raises:
        TokenError: ``size`` or ``malformed``: it is no text, not ASCII, or has another number of parts.
    """
    if not isinstance(token, str | bytes):
        raise TokenError("malformed", "a token is a text")
    if len(token) > max_size:
        raise TokenError("size", "the token is too long")
    try:
        raw = token.encode("ascii") if isinstance(token, str) else token
    except UnicodeEncodeError as error:
        raise TokenError("malformed", "a token is ASCII") from error
    found = raw.split(b".")
    if len(found) != parts:
        raise TokenError("malformed", "the token has another number of parts")
    return raw, found
