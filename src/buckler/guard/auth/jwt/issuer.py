"""Issues access tokens (RFC 9068).

Threat: tokens without an audience, an end or a type, which count where and as long as they should not (CWE-613,
CWE-345; RFC 8725, 3.8 to 3.11; ASVS 5.0 V9.2).
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from buckler.guard.auth.jwt import base64url, json_object
from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.jwt.keys import KeySet
from buckler.guard.auth.jwt.token_policy import TokenPolicy
from buckler.guard.options import GuardError, check_clock, instance, positive, texts

TTL: Final = 900.0
"""Seconds that an access token counts where nothing else is said."""
_OURS: Final = frozenset(
    ("iss", "aud", "sub", "iat", "nbf", "exp", "jti", "scope", "sid", "client_id")
)


class TokenIssuer:
    """Issues tokens that a verifier with the same policy takes.

    Args:
        keys: The one that signs of them signs.
        policy: What tokens say; its first audience is theirs.
        clock: Gives seconds since 1970.

    Raises:
        GuardError: None of the keys can sign.
    """

    __slots__ = ("_clock", "_encode", "_header", "_keys", "_policy")

    def __init__(
        self, keys: KeySet, policy: TokenPolicy, *, clock: Callable[[], float] = time.time
    ) -> None:
        instance(keys, "keys", KeySet, optional=False)
        instance(policy, "policy", TokenPolicy, optional=False)
        self._keys = keys
        self._policy = policy
        check_clock(clock)
        self._clock = clock
        self._header = _header(keys.signing, policy.typ)
        self._encode = json.JSONEncoder(
            separators=(",", ":"), allow_nan=False, ensure_ascii=False
        ).encode

    def issue(
        self,
        subject: str,
        *,
        ttl: float = TTL,
        scopes: Iterable[str] | None = None,
        session: str = "",
        client: str = "",
        **claims: Any,
    ) -> str:
        """A new token.

        Args:
            subject: Id of the account (``sub``).
            ttl: Seconds that it counts, a day at most; and no more than the policy's ``max_age``.
            scopes: That it is narrowed to (``scope``); None for none.
            session: What it is revoked with (``sid``).
            client: Id of the client (``client_id``).
            claims: Further ones; none that the others say.

        Raises:
            GuardError: A claim is one that the others say, or cannot be written as JSON; the token would be longer than
                the policy allows; ``ttl`` is too long.
        """
        now = int(self._clock())
        seconds = positive(ttl, "ttl")
        if seconds > min(86_400.0, self._policy.max_age or 86_400.0):
            raise GuardError("ttl is longer than a day or max_age", hint="write ttl=900")
        if not _OURS.isdisjoint(claims):
            raise GuardError(
                f"{', '.join(sorted(_OURS & claims.keys()))}: these claims are set by the issuer",
                hint="use scopes=, session=, client=, ttl=",
            )
        body: dict[str, Any] = {
            "iss": self._policy.issuer,
            "aud": self._policy.audience[0],
            "sub": _text(subject, "subject"),
            "iat": now,
            "exp": now + int(seconds) if seconds >= 1 else now + 1,
            "jti": secrets.token_urlsafe(16),
        }
        if scopes is not None:
            body["scope"] = " ".join(sorted(_scopes(scopes)))
        if session:
            body["sid"] = _text(session, "session")
        if client:
            body["client_id"] = _text(client, "client")
        return self._sign({**body, **claims}, extra=bool(claims))

    def _sign(self, body: dict[str, Any], *, extra: bool) -> str:
        key = self._keys.signing
        known, header = self._header
        if known is not key:
            self._header = known, header = _header(key, self._policy.typ)
        try:
            payload = self._encode(body).encode("utf-8")
            if extra:
                json_object.read(payload)
        except (TypeError, ValueError, RecursionError) as error:
            raise GuardError(
                "a claim cannot be written as JSON that a verifier takes",
                hint="texts, numbers up to 20 digits, lists and objects",
            ) from error
        message = header + base64url.encode(payload)
        token = (message + b"." + base64url.encode(key.sign(message))).decode("ascii")
        if len(token) > self._policy.max_size:
            raise GuardError(
                "the token is longer than the policy allows",
                hint="keep what is large in the database, not in the token",
            )
        return token


def _header(key: SigningKey, typ: str) -> tuple[SigningKey, bytes]:
    written = json.dumps({"alg": key.alg, "kid": key.kid, "typ": typ}, separators=(",", ":"))
    return key, base64url.encode(written.encode("utf-8")) + b"."


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 1_000:
        raise GuardError(f"{name} is a text of 1 to 1,000 characters", hint=f"{name}=str(...)")
    return value


def _scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    found = texts(scopes, "scopes", "orders:read")
    for scope in found:
        if not scope or any(not 33 <= ord(c) < 127 or c in '"\\' for c in scope):
            raise GuardError(
                f"{scope!r} is no scope (RFC 6749, 3.3)", hint="scopes=['orders:read']"
            )
    return found
