"""Verifies access tokens: signature, policy, revocation, and a cache that asks all of it again but the signature.

Threat: broken authentication by forged, foreign, expired or revoked tokens (CWE-287, CWE-347, CWE-613; RFC 8725;
ASVS 5.0 V9).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from buckler.guard.auth.errors import TokenError
from buckler.guard.auth.jwt import json_object
from buckler.guard.auth.jwt.cache import Kept, TokenCache
from buckler.guard.auth.jwt.claims import Claims, judge
from buckler.guard.auth.jwt.keys import Keys, RenewableKeys, check_keys
from buckler.guard.auth.jwt.revocation import RevocationList
from buckler.guard.auth.jwt.signature import SignatureVerifier
from buckler.guard.auth.jwt.token_policy import TokenPolicy
from buckler.guard.options import GuardError, check_clock, instance

CACHED: Final = 10_000
"""Tokens that a verifier remembers where it is not told otherwise."""
_CHARACTERS: Final = 1_024
"""Of a cached token on average; all of them have that much room together."""


class TokenVerifier:
    """Verifies tokens by one policy.

    Args:
        keys: A :class:`~buckler.guard.auth.jwt.keys.KeySet`, or
            :class:`~buckler.guard.auth.jwt.remote.RemoteKeys`.
        policy: What a token has to say.
        revocations: What this process knows to be revoked.
        cache: Tokens that are remembered, 0 for none.
        clock: Gives seconds since 1970.

    Raises:
        GuardError: An option is none.
    """

    __slots__ = (
        "_cache",
        "_clock",
        "_keys",
        "_policy",
        "_renewable",
        "_revoked",
        "_signatures",
        "_tokens",
        "_version",
    )

    def __init__(
        self,
        keys: Keys,
        policy: TokenPolicy,
        *,
        revocations: RevocationList | None = None,
        cache: int = CACHED,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_keys(keys)
        instance(policy, "policy", TokenPolicy, optional=False)
        instance(revocations, "revocations", RevocationList)
        if isinstance(cache, bool) or not isinstance(cache, int) or cache < 0:
            raise GuardError("cache is a number of tokens", hint="write cache=10_000, or cache=0")
        self._keys = keys
        self._renewable = keys if isinstance(keys, RenewableKeys) else None
        self._policy = policy
        self._revoked = revocations.known if revocations is not None else {}
        self._signatures = SignatureVerifier(keys, typ=policy.typ, max_size=policy.max_size)
        self._cache = TokenCache(cache, cache * _CHARACTERS) if cache else None
        self._tokens = self._cache.tokens if self._cache is not None else {}
        self._version = keys.version
        check_clock(clock)
        self._clock = clock

    def verify(self, token: str | bytes) -> Claims:
        """What a token says, if it is good.

        Args:
            token: As it came, without ``Bearer``.

        Raises:
            TokenError: It is not; ``reason`` is one of ``size``, ``malformed``, ``header``, ``algorithm``, ``type``,
                ``key``, ``signature``, ``claim``, ``missing``, ``issuer``, ``audience``, ``expired``, ``age``,
                ``not_yet``, ``future``, ``revoked``.
        """
        if not isinstance(token, str):
            token = self._text(token)
        kept = self._tokens.get(token)
        if kept is not None and self._version == self._keys.version:
            if kept.starts <= self._clock() < kept.until:
                claims: Claims = kept.claims
                revoked = self._revoked
                if revoked and (claims.id in revoked or claims.session in revoked):
                    raise TokenError("revoked", "the token is revoked")
                kept.used = True
                return claims
        return self._verify(token)

    async def averify(self, token: str | bytes) -> Claims:
        """What a token says, if it is good; looks for the keys of another issuer or worker where that is due.

        Raises:
            TokenError: See :meth:`verify`; ``keys`` where the issuer's could not be fetched.
            StoreError: There are no keys, and the store that they are in does not answer.
        """
        renewable = self._renewable
        if renewable is None:
            return self.verify(token)
        await renewable.ready()
        try:
            return self.verify(token)
        except TokenError as error:
            if error.reason != "key" or not await renewable.refresh():
                raise
        return self.verify(token)

    def _text(self, token: object) -> str:
        """A token that came as bytes."""
        if not isinstance(token, bytes):
            raise TokenError("malformed", "a token is a text")
        if len(token) > self._policy.max_size:
            raise TokenError("size", "the token is too long")
        try:
            return token.decode("ascii")
        except ValueError as error:
            raise TokenError("malformed", "a token is ASCII") from error

    def _verify(self, token: str) -> Claims:
        version = self._keys.version
        if self._cache is not None and self._version != version:
            self._cache.clear()
            self._version = version
        signed = self._signatures.verify(token)
        try:
            values = json_object.read(signed.payload)
        except (ValueError, RecursionError) as error:
            raise TokenError("malformed", "the claims are no JSON object") from error
        claims, starts, until = judge(values, self._policy, self._clock())
        if claims.id in self._revoked or claims.session in self._revoked:
            raise TokenError("revoked", "the token is revoked")
        if self._cache is not None:
            # A key that went in the meantime has another version: what it signed is then not kept for the next.
            if version == self._keys.version == self._version:
                self._cache.keep(token, Kept(claims, starts, min(until, signed.until)))
        return claims
