"""The claims of a token, judged by a policy (RFC 7519, 4; RFC 8725, 3; RFC 9068, 4).

Threat: dates that compare as no number does (``"9999"``, ``true``, ``NaN``), audiences that are somebody else's
(CWE-345, CWE-613, CWE-704; ASVS 5.0 V9.2.1, V9.2.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt.token_policy import TokenPolicy

_LAST: Final = 253402300799
"""The end of the year 9999; a date behind it is none."""
_TEXT: Final = 1_000
"""Characters of an identifier at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a good token says; all of it read-only, since a cache hands it to many requests.

    Attributes:
        issuer: ``iss``.
        subject: ``sub``; empty where it says none.
        audience: ``aud``.
        expires: ``exp``, seconds since 1970.
        issued: ``iat``, or None.
        id: ``jti``; empty where it says none.
        session: ``sid``; empty where it says none.
        client: ``client_id``; empty where it says none.
        scopes: ``scope``, split; None where it says none.
        values: Every claim by its name; arrays are tuples.
    """

    issuer: str
    subject: str
    audience: tuple[str, ...]
    expires: float
    issued: float | None
    id: str
    session: str
    client: str
    scopes: frozenset[str] | None
    values: Mapping[str, Any]


def judge(
    values: Mapping[str, Any], policy: TokenPolicy, now: float
) -> tuple[Claims, float, float]:
    """The claims, and from when until when they count (seconds since 1970, leeway included).

    Raises:
        TokenError: ``claim``, ``missing``, ``issuer``, ``audience``, ``expired``, ``age``, ``not_yet`` or ``future``.
    """
    if not policy.required <= values.keys():
        raise TokenError("missing", "a claim that is required is missing")
    issuer = values.get("iss")
    if issuer != policy.issuer:
        raise TokenError("issuer", "the token is of another issuer")
    audience = _audience(values.get("aud"))
    if not any(one in audience for one in policy.audience):
        raise TokenError("audience", "the token is for somebody else")
    expires = numeric_date(values, "exp")
    if expires is None:
        raise TokenError("missing", "the token never expires")
    starts, until, issued = _times(values, expires, policy, now)
    claims = Claims(
        issuer=policy.issuer,
        subject=_identifier(values, "sub"),
        audience=audience,
        expires=expires,
        issued=issued,
        id=_identifier(values, "jti"),
        session=_identifier(values, "sid"),
        client=_identifier(values, "client_id"),
        scopes=_scopes(values),
        values=values,
    )
    return claims, starts, until


def _times(
    values: Mapping[str, Any], expires: float, policy: TokenPolicy, now: float
) -> tuple[float, float, float | None]:
    """From when, until when, and when it was issued."""
    leeway = policy.leeway
    until = expires + leeway
    if now >= until:
        raise TokenError("expired", "the token has expired")
    issued = numeric_date(values, "iat")
    if issued is not None and issued > now + leeway:
        raise TokenError("future", "the token was issued in the future")
    if policy.max_age is not None:
        if issued is None:
            raise TokenError("missing", "the token does not say when it was issued")
        until = min(until, issued + policy.max_age + leeway)
        if now >= until:
            raise TokenError("age", "the token is too old")
    begins = numeric_date(values, "nbf")
    if begins is not None and begins > now + leeway:
        raise TokenError("not_yet", "the token does not count yet")
    starts = max(begins or 0.0, issued or 0.0) - leeway
    return starts, until, issued


def numeric_date(values: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519, 2), or None where it is missing."""
    value = values.get(name)
    if value is None and name not in values:
        return None
    # Not isinstance: True is an int.
    if (type(value) is int or type(value) is float) and 0 <= value <= _LAST:
        return value
    raise TokenError("claim", f"{name} is no date")


def _audience(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        return value
    raise TokenError("audience", "the token does not say whom it is for")


def _identifier(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None and name not in values:
        return ""
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT:
        raise TokenError("claim", f"{name} is no text of the length that identifiers have")
    return value


def _scopes(values: Mapping[str, Any]) -> frozenset[str] | None:
    """Scopes as RFC 8693, 4.2 writes them."""
    value = values.get("scope")
    if value is None and "scope" not in values:
        return None
    if not isinstance(value, str):
        raise TokenError("claim", "scope is no text")
    return frozenset(value.split(" ")) - {""}
