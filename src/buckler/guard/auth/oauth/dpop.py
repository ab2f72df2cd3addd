"""Reads a DPoP proof and judges it (RFC 9449, 4.3): who sends the request has the private key, now, for this.

Threat: a token that was stolen and is used by somebody else (CWE-294, CWE-345; RFC 9700, 2.2.1; ASVS 5.0 V10.3.5), and
a proof that counts for another request, for another token, later, or twice. The key comes with the proof, so
nothing but its thumbprint says whose it is: that it is the token's key is for the caller to look at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt import base64url, json_object
from buckler.guard.auth.jwt.algorithms import ALGORITHMS
from buckler.guard.auth.jwt.claims import numeric_date
from buckler.guard.auth.jwt.compact import split
from buckler.guard.auth.jwt.header import REFUSED
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.jwt.token_policy import typ_of
from buckler.guard.auth.oauth.errors import OAuthError
from buckler.guard.auth.oauth.target_uri import normal
from buckler.guard.options import GuardError

ALGS: Final = tuple(name for name, found in ALGORITHMS.items() if found.kind != "oct")
"""What proofs may be signed with: ``dpop_signing_alg_values_supported``, ``algs``."""
MAX_AGE: Final = 60.0
"""Seconds after ``iat`` for which a proof counts."""
LEEWAY: Final = 10.0
"""Seconds by which the clock of a client may be ahead."""
MAX_SIZE: Final = 8 * 1024
_MAX_HEADER: Final = 4 * 1024
"""Bytes of a header as it is written: the public part of an RSA key of 8,192 bits has 1,400."""
_MAX_ID: Final = 512
_REFUSED: Final = REFUSED - {"jwk"}
PRIVATE: Final = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
"""Members of a JWK that nobody but its owner knows (RFC 7518, 6.2.2, 6.3.2 and 6.4)."""
_REMEMBERED: Final = 512
"""Headers whose key is kept parsed: a client writes the same one again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof that is good, but for its nonce, its key's right to the token, and that it comes once.

    Attributes:
        thumbprint: Of its key (``jkt``; RFC 7638, SHA-256).
        id: ``jti``.
        issued: ``iat``, seconds since 1970.
        nonce: As the server gave it; empty where there is none.
        until: When it counts no more, seconds since 1970.
    """

    thumbprint: str
    id: str
    issued: float
    nonce: str
    until: float

    @property
    def replay_key(self) -> str:
        """What it is known by until then: ``await replays.first(proof.replay_key, proof.until)``."""
        return hashlib.sha256(f"dpop\0{self.thumbprint}\0{self.id}".encode()).hexdigest()


def proof_of(headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    """The value of ``DPoP``, or None where there is none (RFC 9449, 4.3, 1).

    Args:
        headers: Of the request: pairs of lower-case name and value.

    Raises:
        OAuthError: ``invalid_dpop_proof``: it came more than once, or is no text of ASCII.
    """
    found = [value for name, value in headers if name == b"dpop"]
    if not found:
        return None
    if len(found) > 1:
        raise refused("twice", "more than one DPoP header")
    try:
        return found[0].strip(b" \t").decode("ascii")
    except UnicodeDecodeError as error:
        raise refused("malformed", "the proof is not ASCII") from error


def read_proof(
    header: str,
    *,
    method: str,
    url: str,
    now: float,
    access_token: str | None = None,
    algorithms: Sequence[str] = ALGS,
    max_age: float = MAX_AGE,
    leeway: float = LEEWAY,
) -> Proof:
    """What a proof says, if it is one for this request.

    Args:
        header: Value of ``DPoP``.
        method: Of the request.
        url: Of the request as its client knows it; query and fragment do not count.
        now: Seconds since 1970.
        access_token: That came with it; None where there is none.
        algorithms: Of :data:`ALGS`, those that are taken.
        max_age: Seconds after ``iat`` for which it counts.
        leeway: Seconds by which the client's clock may be ahead.

    Raises:
        OAuthError: ``invalid_dpop_proof``; ``reason`` is one of ``size``, ``malformed``, ``header``, ``type``,
            ``algorithm``, ``key``, ``signature``, ``claim``, ``method``, ``address``, ``expired``, ``future``, ``token``.
    """
    try:
        raw, (first, payload, last) = split(header, 3, MAX_SIZE)
        key, thumb = _key_of(first, tuple(algorithms))
        signature = base64url.decode(last)
        content = json_object.read(base64url.decode(payload))
    except TokenError as error:
        raise refused(error.reason, error.message) from error
    except (ValueError, RecursionError) as error:
        raise refused("malformed", "the proof is not base64url of JSON objects") from error
    if not signature or not key.verify(raw[: -len(last) - 1], signature):
        raise refused("signature", "the signature is not of the key in the proof")
    if _text(content, "htm") != method:
        raise refused("method", "the proof is for another method")
    if not _same_address(_text(content, "htu"), url):
        raise refused("address", "the proof is for another address")
    issued, until = _times(content, now, max_age, leeway)
    if access_token is not None and content.get("ath") != hashed(access_token):
        raise refused("token", "the proof is for another access token")
    nonce = _text(content, "nonce") if "nonce" in content else ""
    return Proof(
        thumbprint=thumb, id=_text(content, "jti"), issued=issued, nonce=nonce, until=until
    )


def hashed(access_token: str) -> str:
    """The ``ath`` of a token (RFC 9449, 4.2)."""
    digest = hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).digest()
    return base64url.encode(digest).decode("ascii")


def thumbprint(key: SigningKey) -> str:
    """The SHA-256 thumbprint of a key's public part (RFC 7638, 3), whatever its ``kid``.

    Raises:
        GuardError: It is a secret, which has no public part.
    """
    told = ("alg", "kid", "use")
    members = {name: value for name, value in key.public_jwk().items() if name not in told}
    written = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64url.encode(hashlib.sha256(written.encode("ascii")).digest()).decode("ascii")


def refused(reason: str, description: str) -> OAuthError:
    """The error of a proof that does not count (RFC 9449, 5 and 7.1)."""
    return OAuthError("invalid_dpop_proof", description, reason=reason)


@lru_cache(maxsize=_REMEMBERED)
def _key_of(segment: bytes, algorithms: tuple[str, ...]) -> tuple[SigningKey, str]:
    """The key in a header, and its thumbprint; nothing says yet that the sender has its private part.

    Raises:
        OAuthError: ``header``, ``type``, ``algorithm`` or ``key``.
        ValueError: It is no base64url of a JSON object.
    """
    if not segment or len(segment) > _MAX_HEADER:
        raise refused("malformed", "the header is empty or too long")
    header = json_object.read(base64url.decode(segment))
    if not _REFUSED.isdisjoint(header):
        raise refused("header", "the header has a member that is refused")
    typ = header.get("typ")
    if not isinstance(typ, str) or typ_of(typ) != "dpop+jwt":
        raise refused("type", "typ is not dpop+jwt")
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in ALGS or alg not in algorithms:
        raise refused("algorithm", f"alg is not one of {' '.join(algorithms)}")
    members = header.get("jwk")
    if not isinstance(members, Mapping) or not PRIVATE.isdisjoint(members):
        raise refused("key", "jwk is no public key")
    try:
        key = SigningKey.from_jwk(members, alg=alg)
    except GuardError as error:
        raise refused("key", "jwk is no key of that algorithm, or too weak") from error
    return key, thumbprint(key)


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value or (name != "htu" and len(value) > _MAX_ID):
        raise refused("claim", f"{name} is missing, or no text of the length that it has")
    return value


def _same_address(stated: str, url: str) -> bool:
    """Whether both are one address, query and fragment aside (RFC 9449, 4.3, 9)."""
    try:
        # Of the request dots stay: a route may take them for a name, and the address would be another one.
        return normal(stated) == normal(url, dots=False)
    except ValueError:
        return False


def _times(
    content: Mapping[str, Any], now: float, max_age: float, leeway: float
) -> tuple[float, float]:
    """When it was issued, and until when it counts."""
    try:
        issued, expires = numeric_date(content, "iat"), numeric_date(content, "exp")
    except TokenError as error:
        raise refused("claim", error.message) from error
    if issued is None:
        raise refused("claim", "iat is missing")
    if issued > now + leeway:
        raise refused("future", "the proof was made in the future")
    until = issued + max_age
    if expires is not None:
        until = min(until, expires)
    if now >= until:
        raise refused("expired", "the proof is too old")
    return issued, until
