"""Reads the header of a token, which nobody has vouched for yet.

Threat: a header that chooses the algorithm (``none``, a public key as a secret), brings its own key (``jwk``, ``x5c``,
CVE-2018-0114) or an address to fetch one from (``jku``, ``x5u``), asks for rules nobody knows (``crit``), or makes
more of a few bytes (``zip``) (CWE-347, CWE-918; RFC 8725, 3.1, 3.9, 3.10; ASVS 5.0 V9.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt import base64url, json_object
from buckler.guard.auth.jwt.key import MAX_KID
from buckler.guard.auth.jwt.token_policy import typ_of

REFUSED: Final = frozenset(("crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c"))
MAX_HEADER: Final = 1_024
"""Bytes of a header as it is written in the token."""


def read_header(segment: bytes, typ: str | None) -> Mapping[str, Any]:
    """The members of a header: ``alg`` a text, ``kid`` a text or missing, ``typ`` as expected.

    Args:
        segment: As it stands in the token.
        typ: What the type has to be; None where any does.

    Raises:
        TokenError: ``malformed``, ``header``, ``algorithm`` or ``type``.
    """
    if not segment or len(segment) > MAX_HEADER:
        raise TokenError("malformed", "the header is empty or too long")
    try:
        header = json_object.read(base64url.decode(segment))
    except (ValueError, RecursionError) as error:
        raise TokenError("malformed", "the header is not base64url of one JSON object") from error
    if not REFUSED.isdisjoint(header):
        raise TokenError("header", "the header has a member that is refused")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm.strip().lower() == "none":
        raise TokenError("algorithm", "the header names no algorithm")
    kid = header.get("kid")
    if "kid" in header and not (isinstance(kid, str) and 0 < len(kid) <= MAX_KID):
        raise TokenError("header", "kid is no text of the length that names have")
    if typ is not None:
        stated = header.get("typ")
        if not isinstance(stated, str) or typ_of(stated) != typ:
            raise TokenError("type", "the token is of another type")
    return header
