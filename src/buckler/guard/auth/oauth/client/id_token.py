"""Validates ID tokens (OpenID Connect Core, 3.1.3.7).

Threat: a token that was made for another client, another sign-in or another purpose, or by somebody else
(CWE-287, CWE-345, CWE-347; ASVS 5.0 V10.5). Nothing of it counts before all of it was looked at.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt import base64url, json_object
from buckler.guard.auth.jwt.algorithms import ALGORITHMS
from buckler.guard.auth.jwt.keys import KeySet
from buckler.guard.auth.jwt.remote import RemoteKeys
from buckler.guard.auth.jwt.signature import SignatureVerifier, Signed
from buckler.guard.auth.jwt.token_policy import typ_of
from buckler.guard.auth.oauth.client.errors import SignInError
from buckler.guard.auth.oauth.client.identity import LONGEST, Claimed
from buckler.guard.auth.oauth.client.provider import Provider

MAX_SIZE: Final = "32 KiB"
_LAST: Final = 253402300799
_HASHES: Final = {256: hashlib.sha256, 384: hashlib.sha384, 512: hashlib.sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token has to fit.

    Attributes:
        now: Seconds since 1970.
        nonce: Of the authorization request; None for a token that came by a refresh.
        access_token: That came with it; empty for none.
        started: When the sign-in began.
        max_age: That was asked for.
    """

    now: float
    nonce: str | None
    access_token: str = ""
    started: float = 0.0
    max_age: float | None = None


async def signed(
    token: str, keys: RemoteKeys | KeySet, algorithms: frozenset[str], types: frozenset[str]
) -> tuple[Mapping[str, Any], str]:
    """The claims of a token whose signature is good, and its algorithm.

    Args:
        token: As it came.
        keys: Of the provider.
        algorithms: That it may be signed with.
        types: That its header may say; empty stands for one that says none.

    Raises:
        TokenError: The signature is not good, or of another algorithm or type.
    """
    found = await _verified(token, keys)
    algorithm = str(found.header["alg"])
    if algorithm not in algorithms:
        raise TokenError("algorithm", "the token is signed with another algorithm")
    kind = found.header.get("typ", "")
    if not isinstance(kind, str) or typ_of(kind) not in types:
        raise TokenError("type", "the token is of another type")
    try:
        return json_object.read(found.payload), algorithm
    except (ValueError, RecursionError) as error:
        raise TokenError("malformed", "the claims are no JSON object") from error


async def _verified(token: str, keys: RemoteKeys | KeySet) -> Signed:
    verifier = SignatureVerifier(keys, max_size=MAX_SIZE)
    if not isinstance(keys, RemoteKeys):
        return verifier.verify(token)
    await keys.ready()
    try:
        return verifier.verify(token)
    except TokenError as error:
        # A key that is not known may be one that came since the set was fetched.
        if error.reason != "key" or not await keys.refresh():
            raise
    return verifier.verify(token)


def judge(
    values: Mapping[str, Any], algorithm: str, provider: Provider, expected: Expected
) -> Claimed:
    """Who an ID token says that somebody is.

    Args:
        values: Its claims.
        algorithm: Of its signature.
        provider: That it should be of.
        expected: What it has to fit.

    Raises:
        SignInError: ``issuer``, ``audience``, ``azp``, ``expired``, ``iat``, ``nonce``, ``at_hash``, ``auth_time``,
            ``acr`` or ``subject``.
    """
    check_parties(values, provider)
    leeway = provider.leeway
    if expected.now >= seconds(values, "exp", "expired") + leeway:
        raise SignInError("expired", "the ID token has expired")
    if seconds(values, "iat", "iat") > expected.now + leeway:
        raise SignInError("iat", "the ID token was issued in the future")
    if "nbf" in values and seconds(values, "nbf", "iat") > expected.now + leeway:
        raise SignInError("iat", "the ID token does not count yet")
    nonce = values.get("nonce")
    if expected.nonce is not None:
        if not isinstance(nonce, str) or not hmac.compare_digest(
            nonce.encode("utf-8"), expected.nonce.encode("utf-8")
        ):
            raise SignInError("nonce", "the ID token was made for another sign-in")
    _check_hash(values, algorithm, expected.access_token)
    auth_time = _auth_time(values, provider, expected)
    if provider.acr and values.get("acr") not in provider.acr:
        raise SignInError("acr", "the sign-in at the provider was not of the class asked for")
    return Claimed(
        issuer=str(values["iss"]),
        subject=subject_of(values),
        auth_time=auth_time,
        sid=sid_of(values),
    ).with_email(values)


def check_parties(values: Mapping[str, Any], provider: Provider) -> None:
    """Look who a token is of and for.

    Raises:
        SignInError: ``issuer``, ``audience`` or ``azp``.
    """
    if not provider.issued(values.get("iss"), values.get("tid")):
        raise SignInError("issuer", "the token is of another issuer")
    listed = values.get("aud")
    audience = (listed,) if isinstance(listed, str) else listed
    if not isinstance(audience, tuple) or provider.client_id not in audience:
        raise SignInError("audience", "the token is for another client")
    if set(audience) - {provider.client_id, *provider.audiences}:
        raise SignInError("audience", "the token is for others, too, who are not trusted")
    party = values.get("azp")
    if (party is not None or len(audience) > 1) and party != provider.client_id:
        raise SignInError("azp", "the token was made for another client")


def seconds(values: Mapping[str, Any], name: str, reason: str) -> float:
    """A date that has to be there.

    Raises:
        SignInError: It is not.
    """
    value = values.get(name)
    if (type(value) is int or type(value) is float) and 0 <= value <= _LAST:
        return float(value)
    raise SignInError(reason, f"the token's {name} is no date")


def subject_of(values: Mapping[str, Any]) -> str:
    """The subject, which has to be there.

    Raises:
        SignInError: It is not.
    """
    value = values.get("sub")
    if isinstance(value, str) and 0 < len(value) <= LONGEST and "\0" not in value:
        return value
    raise SignInError("subject", "the token does not say whom it is about")


def sid_of(values: Mapping[str, Any]) -> str:
    """The id of the session at the provider; empty where there is none that can be kept."""
    value = values.get("sid")
    return value if isinstance(value, str) and len(value) <= LONGEST and "\0" not in value else ""


def _check_hash(values: Mapping[str, Any], algorithm: str, access_token: str) -> None:
    """Whether the token belongs to the access token that came with it (3.1.3.8)."""
    stated = values.get("at_hash")
    if stated is None or not access_token:
        return
    digest = _HASHES[ALGORITHMS[algorithm].bits](access_token.encode("ascii")).digest()
    wanted = base64url.encode(digest[: len(digest) // 2]).decode("ascii")
    if not isinstance(stated, str) or not hmac.compare_digest(stated.encode(), wanted.encode()):
        raise SignInError("at_hash", "the ID token came with another access token")


def _auth_time(values: Mapping[str, Any], provider: Provider, expected: Expected) -> float | None:
    if "auth_time" not in values:
        if expected.max_age is not None:
            raise SignInError("auth_time", "the provider does not say when its user signed in")
        return None
    found = seconds(values, "auth_time", "auth_time")
    if found > expected.now + provider.leeway:
        raise SignInError("auth_time", "the sign-in at the provider is in the future")
    oldest = expected.started - (expected.max_age or 0.0) - provider.leeway
    if expected.max_age is not None and found < oldest:
        raise SignInError("auth_time", "the sign-in at the provider is too long ago")
    return found
