"""Clients that prove by a signature who they are: ``private_key_jwt`` (RFC 7523, 3; RFC 7521, 4.2; OpenID Connect Core, 9).

Threat: an assertion that was made for another server and is passed on to this one (CWE-294; the audience is the issuer
alone, as draft-ietf-oauth-rfc7523bis has it, since a client may be told another server's token endpoint), one
that counts twice or for long, and a token of another kind that is taken for one (RFC 8725, 3.11; ASVS 5.0 V10.4.16).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt import base64url, json_object
from buckler.guard.auth.jwt.claims import numeric_date
from buckler.guard.auth.jwt.compact import split
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.jwt.keys import Keys
from buckler.guard.auth.jwt.signature import SignatureVerifier
from buckler.guard.auth.jwt.token_policy import typ_of
from buckler.guard.auth.oauth.dpop import ALGS
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.signed import sign

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""What ``client_assertion_type`` has to be (RFC 7523, 2.2)."""
TYPES: Final = frozenset(("jwt", "client-authentication+jwt"))
"""``typ`` of those that state one (draft-ietf-oauth-rfc7523bis)."""
LIFETIME: Final = 300.0
"""Seconds from now in which one has to end."""
BRIEF: Final = 60
"""The same of those that are made here."""
LEEWAY: Final = 10.0
MAX_SIZE: Final = 8 * 1024
_MAX_TEXT: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAssertion:
    """An assertion that is good, but for that it comes once.

    Attributes:
        client: Who signed it (``iss``, ``sub``).
        id: ``jti``.
        until: When it counts no more, seconds since 1970.
    """

    client: str
    id: str
    until: float

    @property
    def replay_key(self) -> str:
        """What it is known by until then: ``await replays.first(found.replay_key, found.until)``."""
        text = f"client_assertion\0{len(self.client)}\0{self.client}\0{self.id}"
        return hashlib.sha256(text.encode()).hexdigest()


def make_assertion(
    client_id: str, audience: str, key: SigningKey, now: float, *, typ: str = "JWT"
) -> str:
    """An assertion that counts once, for :data:`BRIEF` seconds.

    Args:
        client_id: Who makes it.
        audience: For which server: its issuer, or what an older one takes.
        key: Whose public half that server has.
        now: Seconds since 1970.
        typ: Of :data:`TYPES`, as it is written.
    """
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(16),
        "iat": int(now),
        "exp": int(now) + BRIEF,
    }
    return sign(key, typ, claims)


def client_of(assertion: str) -> str:
    """Who an assertion says that it is of: to look up the keys of, nothing is verified.

    Raises:
        OAuthError: ``invalid_client``: it says so not, or not of one alone.
    """
    try:
        _, (_, payload, _) = split(assertion, 3, MAX_SIZE)
        values = json_object.read(base64url.decode(payload))
    except TokenError as error:
        raise refused(error.reason, error.message) from error
    except (ValueError, RecursionError) as error:
        raise refused("malformed", "the assertion is not base64url of JSON objects") from error
    return _client(values)


def read_assertion(
    assertion: str,
    *,
    client: str,
    keys: Keys,
    issuer: str,
    now: float,
    token_endpoint: str = "",
    algorithms: Collection[str] = ALGS,
    lifetime: float = LIFETIME,
    leeway: float = LEEWAY,
) -> ClientAssertion:
    """What an assertion says, if it is one of a client for this server.

    Args:
        assertion: ``client_assertion``.
        client: Whose it has to be.
        keys: Of that client; fetched ones have to be at hand.
        issuer: Of this server, as it stands in its metadata.
        now: Seconds since 1970.
        token_endpoint: Its address, where that is taken for the audience, too, and a list of one audience as well
            (RFC 7523, 3, as it was before the draft); empty where it is not.
        algorithms: Of :data:`~buckler.guard.auth.oauth.dpop.ALGS`, those that are taken.
        lifetime: Seconds from now in which it has to end.
        leeway: Seconds by which the client's clock may differ.

    Raises:
        OAuthError: ``invalid_client``, 401; ``reason`` is one of ``size``, ``malformed``, ``header``, ``type``, ``algorithm``,
            ``key`` (fetch the client's keys anew), ``signature``, ``claim``, ``client``, ``audience``, ``expired``,
            ``future``, ``lifetime``.
    """
    try:
        signed = SignatureVerifier(keys, max_size=MAX_SIZE).verify(assertion)
        values = json_object.read(signed.payload)
    except TokenError as error:
        raise refused(error.reason, error.message) from error
    except (ValueError, RecursionError) as error:
        raise refused("malformed", "the claims are no JSON object") from error
    alg = signed.header["alg"]
    if alg not in ALGS or alg not in algorithms:
        raise refused("algorithm", "the algorithm is not taken")
    typ = signed.header.get("typ", "JWT")
    if not isinstance(typ, str) or typ_of(typ) not in TYPES:
        raise refused("type", "the token is of another type")
    if _client(values) != client:
        raise refused("client", "the assertion is of another client")
    _check_audience(values.get("aud"), issuer, token_endpoint)
    until = _end(values, now, lifetime, leeway)
    return ClientAssertion(client=client, id=_text(values, "jti"), until=until)


def refused(reason: str, description: str) -> OAuthError:
    """The error of an assertion that does not count (RFC 7521, 4.2.1)."""
    return OAuthError("invalid_client", description, status=401, reason=reason)


def _client(values: Mapping[str, Any]) -> str:
    """``iss`` and ``sub``, which have to be the same (RFC 7523, 3; OpenID Connect Core, 9)."""
    client = _text(values, "iss")
    if _text(values, "sub") != client:
        raise refused("client", "iss and sub of the assertion are two")
    return client


def _check_audience(stated: object, issuer: str, token_endpoint: str) -> None:
    """Look whether an assertion is for this server, and for no other one.

    Raises:
        OAuthError: It is not.
    """
    if token_endpoint and isinstance(stated, tuple) and len(stated) == 1:
        stated = stated[0]
    if not isinstance(stated, str) or stated not in (issuer, token_endpoint or issuer):
        raise refused("audience", "aud is not the issuer of this server alone")


def _end(values: Mapping[str, Any], now: float, lifetime: float, leeway: float) -> float:
    """Until when an assertion counts, leeway included."""
    try:
        expires, issued, begins = (numeric_date(values, name) for name in ("exp", "iat", "nbf"))
    except TokenError as error:
        raise refused("claim", error.message) from error
    if expires is None:
        raise refused("claim", "exp is missing")
    if now >= expires + leeway:
        raise refused("expired", "the assertion has expired")
    if expires > now + lifetime + leeway:
        raise refused("lifetime", f"exp is more than {lifetime:g} seconds from now")
    if max(issued or 0.0, begins or 0.0) > now + leeway:
        raise refused("future", "the assertion does not count yet")
    return expires + leeway


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
        raise refused("claim", f"{name} is missing, or no text of the length that it has")
    return value
